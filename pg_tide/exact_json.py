"""JSON whose numbers keep their digits: `0.10` stays `0.10`, and no integer is too long.

Parsed with the standard library, fractions as Decimal; written by orjson, which rounds nothing
that it does not see.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

# int() and str() refuse longer ones (sys.get_int_max_str_digits); PostgreSQL has them.
_INT_DIGITS = 4000
# PostgreSQL's numeric has at most 131,072 digits before the point and never an exponent.
_PLAIN_EXPONENT = 200_000
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHORT = Decimal().__sizeof__()  # bytes, of one with some sixty digits at most
_SIXTY_FOUR_BITS = range(-(2**63), 2**64)


def parse(text: bytes | str) -> Any:
    """Return the value of a JSON text, numbers as int or Decimal; ValueError where it is none."""
    try:
        return _load(text, int)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer too long for int()
        return _load(text, _integer)


def _load(text: bytes | str, parse_int: Callable[[str], int | Decimal]) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=parse_int, parse_constant=_refused)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except InvalidOperation:  # an exponent of more than 18 digits
        raise ValueError("a number is beyond measure") from None


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < _INT_DIGITS else Decimal(digits)


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def parse_number(text: str) -> int | Decimal | None:
    """Return the value of a JSON number; None where the text is another, or beyond measure."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    if not match[2] and not match[3]:
        return _integer(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if _is_plain(number) else None


# A copy: what orjson returns holds on to 4 KB or more, however short it is.
_trimmed: Callable[[bytes], bytes] = b"%b".__mod__


def write(value: Any) -> bytes:
    """Return the JSON text of a parsed value, without spaces; ValueError where it has none."""
    try:
        return _trimmed(orjson.dumps(value, default=_fragment))
    except TypeError:
        pass
    try:
        return _trimmed(orjson.dumps(_with_long_integers(value), default=_fragment))
    except RecursionError:
        problem = "it is nested too deeply"
    except TypeError as error:
        deep = str(error) == "Recursion limit reached"
        problem = "it is nested too deeply" if deep else str(error)
    raise ValueError(f"this has no JSON: {problem}")


def write_text(value: Any) -> str:
    """Return the same as text; a string is itself, without quotes."""
    return value if isinstance(value, str) else write(value).decode()


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(number_text(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def number_text(number: Decimal) -> str:
    """Return the digits of a finite number, without an exponent as long as that is short."""
    return format(number, "f") if _is_plain(number) else str(number)


def number_length(number: Decimal) -> int:
    """Return about how many characters the text of a number has, without writing it."""
    digits = max(number.__sizeof__() - _SHORT, 10) * 3  # 19 digits take 8 bytes
    exponent = abs(number.adjusted())
    return digits + exponent if exponent < _PLAIN_EXPONENT else digits


def _is_plain(number: Decimal) -> bool:
    return -_PLAIN_EXPONENT < number.adjusted() < _PLAIN_EXPONENT


def _with_long_integers(value: Any) -> Any:
    """Return the value with integers beyond 64 bits as Decimal, for `_fragment` to write."""
    if isinstance(value, dict):
        return {name: _with_long_integers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_long_integers(part) for part in value]
    if isinstance(value, int) and value not in _SIXTY_FOUR_BITS:
        return Decimal(value)
    return value
