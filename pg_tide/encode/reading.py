"""Payloads as values, fast, for the formats that have a schema: every number keeps its digits."""

from typing import Any

import orjson

from pg_tide.exact_json import parse
from pg_tide.message import Message
from pg_tide.payload import parse_payload

NUMBER = "pg_tide.number"  # marks a string of Avro as the digits of a number

# orjson makes a float of a fraction. One with at most 16 characters has 15 digits at most, and
# those are the float's own: https://en.wikipedia.org/wiki/Double-precision_floating-point_format
_DIGITS = bytes(
    0x30 if byte in b"0123456789." else byte if byte in b"E-" else 0x20 for byte in range(256)
)
_LONG = b"0" * 17
_NUMBERS = bytes(byte if byte in b"0123456789." else 0x20 for byte in range(256))
_INTEGER = 19  # digits that fit 64 bits
_TINY = b"E-000000"  # only numbers beyond measure have an exponent; orjson makes 0 of such


def payload_of(message: Message) -> Any:
    """Return the value of a payload that is not null; MessageError where it is not JSON.

    A fraction is a float where that has the same digits, else a Decimal.
    """
    payload = message.payload
    if message.is_json and payload is not None:
        value = quick(payload)
        if value is not None:
            return value
    return parse_payload(message, "encode")


def quick(text: bytes) -> Any:
    """Return the value of a JSON text; None for null, and where it takes the slower way."""
    digits = text.translate(_DIGITS)
    if (_LONG in digits and _has_long_number(text)) or _TINY in digits:
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def value_of(text: bytes | str) -> Any:
    """Return the value of a JSON text; ValueError where it is none."""
    raw = text.encode() if isinstance(text, str) else text
    found = quick(raw)
    return parse(raw) if found is None else found


def _has_long_number(text: bytes) -> bool:
    """Return whether a fraction has more than 16 characters, or an integer more than 64 bits."""
    runs = text.translate(_NUMBERS).split()
    return any(len(run) > 16 and (b"." in run or len(run) > _INTEGER) for run in runs)
