"""Avro's binary form, written straight from JSON values: each is checked and written in one go.

fastavro reads the schema, and is what the bytes are compared with; writing by it takes three
times as long, for it tries what may be in a union before it writes.
https://avro.apache.org/docs/1.12.0/specification/#binary_encoding
"""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from pg_tide.encode.avro import scalars
from pg_tide.encode.avro.defaults import default_bytes
from pg_tide.encode.misfit import MisfitError, not_a
from pg_tide.exact_json import write_text

Add = Callable[[bytes], Any]
Write = Callable[[Any, Add], None]  # raises MisfitError

_pack_double = struct.Struct("<d").pack
_pack_float = struct.Struct("<f").pack


def zigzag(number: int) -> bytes:
    """Return an integer of up to 64 bits with variable length."""
    rest = (number << 1) ^ (number >> 63)
    found = bytearray()
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


_FEW = 2048
_SHORT = [zigzag(number) for number in range(_FEW)]  # of most lengths and counts


def _long(number: int) -> bytes:
    return _SHORT[number] if 0 <= number < _FEW else zigzag(number)


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
            return _PRIMITIVES.get(schema) or self._by_name(schema)
        kind = schema["type"]
        if logical := _logical(schema):
            return logical
        if kind in ("record", "error"):
            return self._record(schema)
        if kind == "array":
            return _array(self.of(schema["items"]))
        if kind == "map":
            return _map(self.of(schema["values"]))
        if kind == "enum":
            return _enum({symbol: _long(n) for n, symbol in enumerate(schema["symbols"])})
        if kind == "fixed":
            return partial(_write_fixed, schema["size"])
        return self.of(kind)

    def _by_name(self, name: str) -> Write:
        """Return the writer of a named type, which may be within itself."""
        return lambda value, add: self._named_writer(name)(value, add)

    def _named_writer(self, name: str) -> Write:
        if name not in self._made:
            self._made[name] = self.of(self._named[name])
        return self._made[name]

    def _union(self, branches: list[Any]) -> Write:
        writers = [self.of(branch) for branch in branches]
        if len(branches) == 2 and "null" in branches:
            at = branches.index("null")
            return _optional(_long(at), _long(1 - at), writers[1 - at])
        return _either([(_long(place), one) for place, one in enumerate(writers)])

    def _record(self, schema: dict[str, Any]) -> Write:
        fields = []
        for field in schema["fields"]:
            default = None
            if "default" in field:
                default = default_bytes(field["type"], field["default"], self._named)
            elif _may_be_null(field["type"]):
                default = _long(field["type"].index("null"))
            fields.append((field["name"], self.of(field["type"]), default))
        return self._fields(fields, frozenset(name for name, _, _ in fields))

    def _fields(
        self, fields: list[tuple[str, Write, bytes | None]], names: frozenset[str]
    ) -> Write:
        drop, loose = self._drop, self._loose

        def write(value: Any, add: Add) -> None:
            if type(value) is not dict:
                raise not_a("an object", value)
            left = len(value)
            for name, write_field, default in fields:
                if name in value:
                    left -= 1
                    try:
                        write_field(value[name], add)
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
            add(_long(len(value)))
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
            add(_long(len(value)))
            for name, part in value.items():
                _write_string(name, add)
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


def _write_null(value: Any, _add: Add) -> None:
    if value is not None:
        raise not_a("null", value)


def _write_boolean(value: Any, add: Add) -> None:
    if value is True:
        add(b"\1")
    elif value is False:
        add(b"\0")
    else:
        raise not_a("true or false", value)


def _write_string(value: Any, add: Add) -> None:
    if type(value) is not str:
        raise not_a("a string", value)
    try:
        text = value.encode()
    except UnicodeEncodeError:
        raise MisfitError("has characters that no text in UTF-8 can hold") from None
    size = len(text)
    add(_SHORT[size] if size < _FEW else zigzag(size))
    add(text)


def _write_integer(least: int, most: int, value: Any, add: Add) -> None:
    if type(value) is not int:
        raise not_a("a whole number", value)
    if not least <= value <= most:
        raise not_a(f"between {least} and {most}", value)
    add(_SHORT[value] if 0 <= value < _FEW else zigzag(value))


def _write_double(value: Any, add: Add) -> None:
    add(_pack_double(value if type(value) is float else scalars.double_of(value)))


def _write_float(value: Any, add: Add) -> None:
    add(_pack_float(scalars.float_of(value)))


def _write_bytes(value: Any, add: Add) -> None:
    _add_bytes(scalars.bytes_of(value), add)


def _add_bytes(found: bytes, add: Add) -> None:
    add(_long(len(found)))
    add(found)


def _write_fixed(size: int, value: Any, add: Add) -> None:
    found = scalars.bytes_of(value)
    if len(found) != size:
        raise MisfitError(f"must have {size} bytes, not {len(found)}")
    add(found)


_write_int = partial(_write_integer, -(2**31), 2**31 - 1)
_write_long = partial(_write_integer, -(2**63), 2**63 - 1)

_PRIMITIVES: dict[str, Write] = {
    "null": _write_null,
    "boolean": _write_boolean,
    "int": _write_int,
    "long": _write_long,
    "float": _write_float,
    "double": _write_double,
    "bytes": _write_bytes,
    "string": _write_string,
}


def _decimal(schema: dict[str, Any]) -> Write:
    precision, scale = schema["precision"], schema.get("scale", 0)
    size = schema.get("size")

    def write(value: Any, add: Add) -> None:
        unscaled = scalars.unscaled_of(value, precision, scale)
        if size is None:
            _add_bytes(scalars.signed_bytes(unscaled), add)
            return
        try:
            add(unscaled.to_bytes(size, "big", signed=True))
        except OverflowError:
            raise MisfitError(f"takes more than {size} bytes") from None

    return write


def _write_number_text(value: Any, add: Add) -> None:
    if isinstance(value, bool) or value is None or isinstance(value, str | dict | list):
        raise not_a("a number", value)
    _write_string(write_text(value), add)


def _time(micros: Callable[[Any], int], unit: int, write_raw: Write) -> Write:
    """Write a time in units of so many microseconds, from text; a number is taken as it is."""

    def write(value: Any, add: Add) -> None:
        write_raw(value if type(value) is int else micros(value) // unit, add)

    return write


_micros = partial(scalars.micros_of, local=False)
_local_micros = partial(scalars.micros_of, local=True)
_TIMES: dict[str, Write] = {
    "date": lambda value, add: _write_int(scalars.days_of(value), add),
    "time-millis": _time(scalars.micros_of_day, 1000, _write_int),
    "time-micros": _time(scalars.micros_of_day, 1, _write_long),
    "timestamp-millis": _time(_micros, 1000, _write_long),
    "timestamp-micros": _time(_micros, 1, _write_long),
    "timestamp-nanos": _time(lambda value: _micros(value) * 1000, 1, _write_long),
    "local-timestamp-millis": _time(_local_micros, 1000, _write_long),
    "local-timestamp-micros": _time(_local_micros, 1, _write_long),
    "local-timestamp-nanos": _time(lambda value: _local_micros(value) * 1000, 1, _write_long),
}
_CARRIED = {"date": "int", "time-millis": "int"}


def _logical(schema: dict[str, Any]) -> Write | None:
    """Return the writer of a logical type; None where there is none, or for another type."""
    logical, kind = schema.get("logicalType"), schema["type"]
    if kind == "string" and schema.get(NUMBER) is True:
        return _write_number_text
    if logical == "decimal" and kind in ("bytes", "fixed"):
        return _decimal(schema)
    if logical in _TIMES and kind == _CARRIED.get(logical, "long"):
        return _TIMES[logical]
    return None


NUMBER = "pg_tide.number"  # marks a string as the digits of a number
