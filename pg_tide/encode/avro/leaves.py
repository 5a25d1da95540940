"""How single values of Avro are written: numbers, texts, bytes, and the logical types.

https://avro.apache.org/docs/1.12.0/specification/#binary_encoding
"""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from pg_tide.encode import scalars
from pg_tide.encode.misfit import MisfitError, not_a
from pg_tide.encode.reading import NUMBER
from pg_tide.exact_json import write_text

Add = Callable[[bytes], Any]
Write = Callable[[Any, Add], None]  # raises MisfitError

pack_double = struct.Struct("<d").pack
_pack_float = struct.Struct("<f").pack


# Two bytes at a time, for times take nine: more follow, or these are the last.
_MORE = [bytes((two & 0x7F | 0x80, two >> 7 | 0x80)) for two in range(1 << 14)]
_LAST = [
    bytes((two,)) if two < 0x80 else bytes((two & 0x7F | 0x80, two >> 7)) for two in range(1 << 14)
]


def zigzag(number: int) -> bytes:
    """Return an integer of up to 64 bits with variable length."""
    rest = (number << 1) ^ (number >> 63)
    found = b""
    while rest >= 1 << 14:
        found += _MORE[rest & 0x3FFF]
        rest >>= 14
    return found + _LAST[rest]


FEW = 2048
SHORT = [zigzag(number) for number in range(FEW)]  # of most lengths and counts


def long_bytes(number: int) -> bytes:
    """Return the same, faster where it is short."""
    return SHORT[number] if 0 <= number < FEW else zigzag(number)


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


def write_string(value: Any, add: Add) -> None:
    """Write a string."""
    if type(value) is not str:
        raise not_a("a string", value)
    try:
        text = value.encode()
    except UnicodeEncodeError:
        raise MisfitError("has characters that no text in UTF-8 can hold") from None
    size = len(text)
    add(SHORT[size] if size < FEW else zigzag(size))
    add(text)


def _write_integer(least: int, most: int, value: Any, add: Add) -> None:
    if type(value) is not int:
        raise not_a("a whole number", value)
    if not least <= value <= most:
        raise not_a(f"between {least} and {most}", value)
    add(SHORT[value] if 0 <= value < FEW else zigzag(value))


def write_double(value: Any, add: Add) -> None:
    """Write a double."""
    add(pack_double(value if type(value) is float else scalars.double_of(value)))


def _write_float(value: Any, add: Add) -> None:
    add(_pack_float(scalars.float_of(value)))


def _write_bytes(value: Any, add: Add) -> None:
    _add_bytes(scalars.bytes_of(value), add)


def _add_bytes(found: bytes, add: Add) -> None:
    add(long_bytes(len(found)))
    add(found)


def write_fixed(size: int, value: Any, add: Add) -> None:
    """Write bytes of one size."""
    found = scalars.bytes_of(value)
    if len(found) != size:
        raise MisfitError(f"must have {size} bytes, not {len(found)}")
    add(found)


_write_int = partial(_write_integer, -(2**31), 2**31 - 1)
write_long = partial(_write_integer, -(2**63), 2**63 - 1)

PRIMITIVES: dict[str, Write] = {
    "null": _write_null,
    "boolean": _write_boolean,
    "int": _write_int,
    "long": write_long,
    "float": _write_float,
    "double": write_double,
    "bytes": _write_bytes,
    "string": write_string,
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
    write_string(write_text(value), add)


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
    "time-micros": _time(scalars.micros_of_day, 1, write_long),
    "timestamp-millis": _time(_micros, 1000, write_long),
    "timestamp-micros": _time(_micros, 1, write_long),
    "timestamp-nanos": _time(lambda value: _micros(value) * 1000, 1, write_long),
    "local-timestamp-millis": _time(_local_micros, 1000, write_long),
    "local-timestamp-micros": _time(_local_micros, 1, write_long),
    "local-timestamp-nanos": _time(lambda value: _local_micros(value) * 1000, 1, write_long),
}
_CARRIED = {"date": "int", "time-millis": "int"}


def logical(schema: dict[str, Any]) -> Write | None:
    """Return the writer of a logical type; None where there is none, or for another type."""
    logical, kind = schema.get("logicalType"), schema["type"]
    if kind == "string" and schema.get(NUMBER) is True:
        return _write_number_text
    if logical == "decimal" and kind in ("bytes", "fixed"):
        return _decimal(schema)
    if logical in _TIMES and kind == _CARRIED.get(logical, "long"):
        return _TIMES[logical]
    return None
