"""Avro's binary form, written straight from JSON values: each is checked and written in one go.

fastavro reads the schema, and is what the bytes are compared with; writing by it takes three
times as long, for it tries what may be in a union before it writes.
https://avro.apache.org/docs/1.12.0/specification/#binary_encoding
"""

from functools import partial
from typing import Any

from pg_tide.encode.avro.common import COMMON
from pg_tide.encode.avro.defaults import default_bytes
from pg_tide.encode.avro.leaves import (
    PRIMITIVES,
    Add,
    Write,
    logical,
    long_bytes,
    write_fixed,
    write_string,
)
from pg_tide.encode.misfit import MisfitError, not_a

_ABSENT: Any = object()


class Writers:
    """The writers of a schema, as fastavro parsed it; `drop`: members that it lacks are left out.

    `loose`: those that it lacks may be there as null, which was all that was ever seen of them.
    """

    def __init__(self, named: dict[str, Any], *, drop: bool = False, loose: bool = False) -> None:
        self._named = named
        self._drop = drop
        self._loose = loose
        self._made: dict[str, Write] = {}

    def of(self, schema: Any) -> Write:
        """Return what writes values of a schema."""
        if isinstance(schema, list):
            return self._union(schema)
        if isinstance(schema, str):
            return PRIMITIVES.get(schema) or self._by_name(schema)
        return logical(schema) or self._complex(schema)

    def _complex(self, schema: dict[str, Any]) -> Write:
        match schema["type"]:
            case "record" | "error":
                write = self._record(schema)
            case "array":
                write = _array(self.of(schema["items"]))
            case "map":
                write = _map(self.of(schema["values"]))
            case "enum":
                symbols = enumerate(schema["symbols"])
                write = _enum({symbol: long_bytes(place) for place, symbol in symbols})
            case "fixed":
                write = partial(write_fixed, schema["size"])
            case kind:
                write = self.of(kind)
        return write

    def _by_name(self, name: str) -> Write:
        """Return the writer of a named type, which may be within itself."""

        def write(value: Any, add: Add) -> None:
            self._named_writer(name)(value, add)

        return write

    def _named_writer(self, name: str) -> Write:
        if name not in self._made:
            self._made[name] = self.of(self._named[name])
        return self._made[name]

    def _union(self, branches: list[Any]) -> Write:
        writers = [self.of(branch) for branch in branches]
        if len(branches) == 2 and "null" in branches:
            at = branches.index("null")
            return _optional(long_bytes(at), long_bytes(1 - at), writers[1 - at])
        return _either([(long_bytes(place), one) for place, one in enumerate(writers)])

    def _record(self, schema: dict[str, Any]) -> Write:
        fields = []
        for field in schema["fields"]:
            default = None
            if "default" in field:
                default = default_bytes(field["type"], field["default"], self._named)
            elif _may_be_null(field["type"]):
                default = long_bytes(field["type"].index("null"))
            fields.append((field["name"], self.of(field["type"]), default))
        return self._fields(fields, frozenset(name for name, _, _ in fields))

    def _fields(
        self, fields: list[tuple[str, Write, bytes | None]], names: frozenset[str]
    ) -> Write:
        drop, loose = self._drop, self._loose

        def write(value: Any, add: Add) -> None:
            if type(value) is not dict:
                raise not_a("an object", value)
            left, get = len(value), value.get
            for name, write_field, default in fields:
                part = get(name, _ABSENT)
                if part is not _ABSENT:
                    left -= 1
                    try:
                        write_field(part, add)
                    except MisfitError as error:
                        raise error.within(name) from None
                elif default is not None:
                    add(default)
                else:
                    raise MisfitError("is missing, and has no default").within(name)
            if left and not drop:
                _refuse_unknown(value, names, loose=loose)

        return write


def _refuse_unknown(value: dict[str, Any], names: frozenset[str], *, loose: bool) -> None:
    for name, part in value.items():
        if name not in names and not (loose and part is None):
            raise MisfitError("is not in the schema", unknown=True).within(name)


def _may_be_null(schema: Any) -> bool:
    return isinstance(schema, list) and "null" in schema


def _optional(null: bytes, some: bytes, write_some: Write) -> Write:
    if common := COMMON.get(write_some):
        return common(null, some)

    def write(value: Any, add: Add) -> None:
        if value is None:
            add(null)
        else:
            add(some)
            write_some(value, add)

    return write


def _either(branches: list[tuple[bytes, Write]]) -> Write:
    def write(value: Any, add: Add) -> None:
        for index, write_one in branches:
            found = [index]
            try:
                write_one(value, found.append)
            except MisfitError:
                continue
            add(b"".join(found))
            return
        raise MisfitError("fits none of the types of its union")

    return write


def _array(write_item: Write) -> Write:
    def write(value: Any, add: Add) -> None:
        if type(value) is not list:
            raise not_a("an array", value)
        if value:
            add(long_bytes(len(value)))
            for place, item in enumerate(value):
                try:
                    write_item(item, add)
                except MisfitError as error:
                    raise error.within(place) from None
        add(b"\0")

    return write


def _map(write_value: Write) -> Write:
    def write(value: Any, add: Add) -> None:
        if type(value) is not dict:
            raise not_a("an object", value)
        if value:
            add(long_bytes(len(value)))
            for name, part in value.items():
                write_string(name, add)
                try:
                    write_value(part, add)
                except MisfitError as error:
                    raise error.within(name) from None
        add(b"\0")

    return write


def _enum(symbols: dict[str, bytes]) -> Write:
    def write(value: Any, add: Add) -> None:
        found = symbols.get(value) if type(value) is str else None
        if found is None:
            raise not_a("one of " + ", ".join(symbols), value)
        add(found)

    return write
