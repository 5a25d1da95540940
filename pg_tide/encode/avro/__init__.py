"""The wire format `avro`: payloads as Avro, by a schema that fastavro has read."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import fastavro

from pg_tide.encode.avro.leaves import zigzag
from pg_tide.encode.avro.naming import schema_of, shape_of
from pg_tide.encode.avro.reader import read_schema
from pg_tide.encode.avro.writing import Writers
from pg_tide.encode.shape import Shape
from pg_tide.exact_json import parse, write_text
from pg_tide.schemas import Kind

__all__ = ["Avro"]


class Avro:
    """Schemas of Avro: read, derived, and what writes by one."""

    kind: Kind = "AVRO"
    widens = True

    def __init__(self, fractions: str = "double", *, drop: bool = False) -> None:
        self._fractions = fractions
        self._drop = drop

    def name_of(self, text: str) -> str:
        """Return the full name of the type, or of what it is; ValueError where it is no schema."""
        parsed, _ = read_schema(text)
        if isinstance(parsed, dict):
            return str(parsed.get("name") or parsed["type"])
        return parsed if isinstance(parsed, str) else "union"

    def writer(self, text: str, *, derived: bool = False) -> Callable[[Any, bytes], bytes]:
        """Return what writes the value of a payload; that raises MisfitError."""
        parsed, named = read_schema(text)
        write = Writers(named, drop=self._drop, loose=derived).of(parsed)

        def body(value: Any, _payload: bytes) -> bytes:
            found: list[bytes] = []
            write(value, found.append)
            return b"".join(found)

        return body

    def embedded(self, text: str) -> Callable[[bytes], bytes]:
        """Return what makes an object container file of one body."""
        parsed, _ = read_schema(text)
        mark = hashlib.sha256(text.encode()).digest()[:16]
        file = io.BytesIO()
        fastavro.writer(file, parsed, [], sync_marker=mark)
        header = file.getvalue()
        return lambda body: b"%b\2%b%b%b" % (header, zigzag(len(body)), body, mark)

    def derived(self, shape: Shape, name: str) -> str:
        """Return the schema of a shape; MisfitError where it has none."""
        return write_text(schema_of(shape, name, self._fractions))

    def shape_of(self, text: str) -> Shape:
        """Return the shape that a schema was derived from; ValueError where it was not."""
        return shape_of(parse(text))

    def decoded(self, text: str, body: bytes) -> Any:
        """Return what a body says, to be shown."""
        parsed, _ = read_schema(text)
        return fastavro.schemaless_reader(io.BytesIO(body), parsed, None)
