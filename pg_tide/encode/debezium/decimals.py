"""Numbers of any length as Debezium writes them, by its decimal.handling.mode. Nothing is rounded.

ValueError for what is no number.
"""

from binascii import b2a_base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pg_tide.encode.debezium import connect
from pg_tide.encode.debezium.connect import Node
from pg_tide.exact_json import number_text

_MOST_DIGITS = 150_000  # PostgreSQL's numeric has fewer
_FEW_DIGITS = 4_000  # int() refuses longer texts


def decimal_type(
    mode: str, precision: int | None, scale: int | None
) -> tuple[Node, Callable[[Any], Any]]:
    """Return the type of a numeric column, and how to write its values.

    `scale` is None where each value has its own.
    """
    if mode == "double":
        return connect.DOUBLE, double
    if mode == "string":
        return connect.STRING, digits
    if scale is None:
        return connect.VARIABLE_DECIMAL, variable_scale
    return connect.decimal_of(precision, scale), lambda value: _of_scale(value, scale)


def double(value: Any) -> float:
    """Return the nearest double."""
    try:
        return float(_number(value))
    except OverflowError:
        raise ValueError("must be a number that a double can hold") from None


def digits(value: Any) -> str:
    """Return the digits of a number, as many as it has."""
    number = _number(value)
    return number_text(number) if isinstance(number, Decimal) else str(number)


def variable_scale(value: Any) -> dict[str, Any]:
    """Return a number with its own scale."""
    text = digits(value)
    whole, _, fraction = text.partition(".")
    return {"scale": len(fraction), "value": _unscaled(whole, fraction, text)}


def _of_scale(value: Any, scale: int) -> str:
    """Return the digits of a number as an integer, so many of them behind the point."""
    text = digits(value)
    whole, _, fraction = text.partition(".")
    if len(fraction) > scale:
        if fraction[scale:].strip("0"):
            raise ValueError(f"must have at most {scale} digits after the point")
        fraction = fraction[:scale]
    return _unscaled(whole, fraction.ljust(scale, "0"), text)


def _unscaled(whole: str, fraction: str, text: str) -> str:
    """Return base64 of an integer of these digits, of as few bytes as it needs."""
    written = whole + fraction
    if len(written) > _MOST_DIGITS or "E" in text:
        raise ValueError(f"must have at most {_MOST_DIGITS} digits")
    number = int(written) if len(written) < _FEW_DIGITS else int(Decimal(written))
    length = (number + (number < 0)).bit_length() // 8 + 1
    return b2a_base64(number.to_bytes(length, "big", signed=True), newline=False).decode()


def _number(value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - like every value that does not fit
    return value
