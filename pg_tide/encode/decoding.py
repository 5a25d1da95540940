"""What is in a record that has a schema, as a person reads it: for a preview."""

import base64
import io
import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from pg_tide.schemas import Kind, Schemas

_CONTAINER = b"Obj\x01"


class Decoded(NamedTuple):
    """A key or a value as JSON, and which schema says so."""

    text: str
    schema: str


def decoded(raw: bytes | None, schemas: Schemas) -> Decoded | None:
    """Return what is in bytes that begin with the id of a known schema, or have one in them.

    None for all else: it is shown as it is.
    """
    if raw is None:
        return None
    if raw.startswith(_CONTAINER):
        return _container(raw)
    if raw[:1] != b"\0" or len(raw) < 5:
        return None
    schema_id = int.from_bytes(raw[1:5], "big")
    for wanted, schema in schemas.known(schema_id):
        try:
            found = _DECODERS[wanted.kind](schema.text, raw[5:])
        except Exception:  # noqa: S112 - an id that is not drawn yet is of several schemas
            continue
        which = f"id {schema_id}" if schema_id else "not registered yet"
        return Decoded(_text(found), f"{which}, subject {wanted.subject}")
    return None


def _container(raw: bytes) -> Decoded | None:
    try:
        import fastavro  # noqa: PLC0415

        (found,) = fastavro.reader(io.BytesIO(raw))
    except Exception:  # bytes that were published may begin so, and fastavro be missing
        return None
    return Decoded(_text(found), "within the record")


def _avro(text: str, body: bytes) -> Any:
    from pg_tide.encode.avro import Avro  # noqa: PLC0415

    return Avro().decoded(text, body)


def _protobuf(text: str, body: bytes) -> Any:
    from pg_tide.encode.protobuf import Protobuf  # noqa: PLC0415

    return Protobuf().decoded(text, body)


def _json(_text: str, body: bytes) -> Any:
    return body


_DECODERS: dict[Kind, Callable[[str, bytes], Any]] = {
    "AVRO": _avro,
    "PROTOBUF": _protobuf,
    "JSON": _json,
}


def _text(found: Any) -> str:
    if isinstance(found, bytes):
        return found.decode()
    return json.dumps(found, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)
