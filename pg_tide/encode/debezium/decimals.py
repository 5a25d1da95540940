"""Numbers of any length as Debezium writes them, by its decimal.handling.mode. Nothing is rounded.

ValueError for what is no number.
"""

from base64 import b64encode
from collections.abc import Callable
from decimal import Context, Decimal, Inexact
from typing import Any

from pg_tide.encode.debezium import connect
from pg_tide.encode.debezium.connect import Node
from pg_tide.exact_json import number_text

_LONGEST = 150_000  # digits; PostgreSQL's numeric has fewer
_EXACT = Context(prec=2 * _LONGEST, traps=[Inexact])


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
    number = Decimal(_number(value))
    exponent = number.as_tuple().exponent
    scale = max(-exponent, 0) if isinstance(exponent, int) else 0
    return {"scale": scale, "value": _of_scale(number, scale)}


def _of_scale(value: Any, scale: int) -> str:
    """Return base64 of the digits without the point, as an integer of as few bytes as it needs."""
    number = Decimal(_number(value))
    if abs(number.adjusted()) > _LONGEST:
        raise ValueError(f"must have at most {_LONGEST} digits")
    scaled = _EXACT.scaleb(number, scale)
    unscaled = int(scaled)
    if unscaled != scaled:
        raise ValueError(f"must have at most {scale} digits after the point")
    return b64encode(
        unscaled.to_bytes((unscaled + (unscaled < 0)).bit_length() // 8 + 1, "big", signed=True)
    ).decode()


def _number(value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - like every value that does not fit
    return value
