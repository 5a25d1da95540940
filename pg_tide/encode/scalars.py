"""JSON values as what types of schemas have: numbers exact, times from ISO 8601, bytes from base64.

https://avro.apache.org/docs/1.12.0/specification/
"""

import base64
import binascii
import math
import struct
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from pg_tide.encode.misfit import MisfitError, not_a
from pg_tide.words import shown

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of times without a zone
_FLOAT = struct.Struct("<f")
_PRECISIONS = (6, 7, 8, 9)  # digits that a float may be told by


def double_of(value: Any) -> float:
    """Return a number as a double; MisfitError where that has other digits."""
    if type(value) is float:
        number = value
    elif isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise not_a("a number", value)
    else:
        number = _rounded(value)
        if not math.isfinite(number) or Decimal(repr(number)) != value:
            raise MisfitError(f"{shown(value)} has more digits than a double")
    return number


def float_of(value: Any) -> float:
    """Return a number as a float of 32 bits; MisfitError where that has other digits."""
    number = double_of(value)
    if not math.isfinite(number):
        return number
    try:
        (near,) = _FLOAT.unpack(_FLOAT.pack(number))
    except OverflowError:
        near = math.inf
    if not any(float(f"{near:.{precision}g}") == number for precision in _PRECISIONS):
        raise MisfitError(f"{shown(value)} has more digits than a float")
    return number


def _rounded(value: int | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def bytes_of(value: Any) -> bytes:
    """Return the bytes of a string: base64, or hexadecimal as PostgreSQL prints bytes."""
    if not isinstance(value, str):
        raise not_a("a string of base64", value)
    try:
        if value.startswith("\\x"):
            return bytes.fromhex(value[2:])
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise MisfitError("must be base64, or \\x and hexadecimal") from None


def unscaled_of(value: Any, precision: int, scale: int) -> int:
    """Return a number times 10 ** scale; MisfitError where digits are left, or too many."""
    number = value
    if isinstance(value, float):
        number = Decimal(repr(value))
    elif isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise not_a("a number", value) from None
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise not_a("a number", value)
    sign, digits, exponent = Decimal(number).as_tuple()
    if not isinstance(exponent, int):
        raise not_a("a finite number", value)
    shift = exponent + scale
    unscaled: int = int("".join(map(str, digits)) or "0")
    if len(digits) + max(shift, 0) > precision + max(-shift, 0) and unscaled:
        raise MisfitError(f"{shown(number)} has more digits than decimal({precision}, {scale})")
    if shift < 0:
        unscaled, rest = divmod(unscaled, int(10**-shift))
        if rest:
            raise MisfitError(f"{shown(number)} has more than {scale} digits after the point")
    else:
        unscaled *= int(10**shift)
    return -unscaled if sign else unscaled


def signed_bytes(number: int) -> bytes:
    """Return an integer as the fewest bytes of two's complement, big-endian."""
    bits = number.bit_length() if number >= 0 else (number + 1).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def days_of(value: Any) -> int:
    """Return a date as days since 1970; a number is taken as it is."""
    if type(value) is int:
        return value
    try:
        return date.fromisoformat(value).toordinal() - date(1970, 1, 1).toordinal()
    except (TypeError, ValueError):
        raise not_a("a date like 2026-01-31", value) from None


def micros_of_day(value: Any) -> int:
    """Return a time of day as microseconds since midnight."""
    try:
        at = time.fromisoformat(value)
    except (TypeError, ValueError):
        raise not_a("a time like 12:00:00", value) from None
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def micros_of(value: Any, *, local: bool) -> int:
    """Return a timestamp as microseconds since 1970: of its zone, or `local` as it stands."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise not_a("a timestamp like 2026-01-31T12:00:00Z", value) from None
    if local:
        at = at.replace(tzinfo=None)
    else:
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)
    return (at - _EPOCH) // timedelta(microseconds=1)
