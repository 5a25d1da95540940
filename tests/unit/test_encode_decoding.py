"""What preview shows of records that have no schema after all."""

import sys

import pytest

from pg_tide.encode.decoding import decoded
from pg_tide.schemas import Schema, Schemas, Wanted


@pytest.mark.parametrize("raw", [b"Obj\x01", b"Obj\x01 of an application", b"\0\0\0\0\7", b"\0"])
def test_bytes_that_only_begin_like_avro_are_shown_as_they_are(raw: bytes) -> None:
    schemas = Schemas()
    assert decoded(raw, schemas) is None
    schemas.put(Wanted("t-value", "AVRO", text='"string"'), Schema(7, '"string"'))
    assert decoded(raw, schemas) is None


def test_without_its_library_a_container_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastavro", None)
    assert decoded(b"Obj\x01", Schemas()) is None
