"""JSON whose numbers keep their digits: `0.10` stays `0.10`, and no integer is too long.

Parsed by msgspec, fractions as Decimal; what that refuses is for the standard library to take or
to refuse. Written by orjson, which rounds nothing that it does not see.
"""

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict

import msgspec
import orjson

# int() and str() refuse longer ones (sys.get_int_max_str_digits); PostgreSQL has them.
_INT_DIGITS = 4000
# PostgreSQL's numeric has at most 131,072 digits before the point and never an exponent.
_PLAIN_EXPONENT = 200_000
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHORT = Decimal().__sizeof__()  # bytes, of one with some sixty digits at most
_SIXTY_FOUR_BITS = range(-(2**63), 2**64)

Parse = Callable[[bytes | str], Any]
# Names of members from the outside in, None for each element of an array.
Path = tuple[str | None, ...]

_DEEPEST_PATH = 4
_MOST_MEMBERS = 50  # of one object: each of its members is looked up among them
_REFUSED = (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError)
_typed_dict: Any = TypedDict
_decoded: Parse = msgspec.json.Decoder(float_hook=Decimal).decode


def parse(text: bytes | str) -> Any:
    """Return the value of a JSON text, numbers as int or Decimal; ValueError where it is none."""
    try:
        return _decoded(text)
    except _REFUSED:
        return _parsed_slowly(text)


def parser_of(paths: Iterable[Path]) -> Parse:
    """Return a `parse` that may leave out all that none of these paths leads to.

    It takes a third of the time. The text has to be PostgreSQL's: what is left out is looked at
    only as far as finding its end takes. What is there has the type that it has, at any depth,
    and what a path ends at is there as a whole.
    """
    kind = _kind(frozenset(paths), _DEEPEST_PATH)
    if kind is Any:
        return parse
    decoded: Parse = msgspec.json.Decoder(kind, float_hook=Decimal).decode

    def parse_in_part(text: bytes | str) -> Any:
        try:
            return decoded(text)
        except _REFUSED:  # a number stands where an object or array was thought to be
            return parse(text)

    return parse_in_part


def _kind(paths: frozenset[Path], depth: int) -> Any:
    """Return the type of what these paths lead into, Any where it is needed as a whole."""
    if not paths or () in paths or not depth:
        return Any
    inside = {
        first: _kind(frozenset(path[1:] for path in paths if path[0] == first), depth - 1)
        for first in {path[0] for path in paths}
    }
    array = list.__class_getitem__(inside.pop(None, Any))
    names = [name for name in inside if name is not None]
    if len(names) > _MOST_MEMBERS or not all(map(str.isprintable, names)):
        return Any  # half a character would be one that is not printable
    return _typed_dict("Members", inside, total=False) | array | str | bool | None


def _parsed_slowly(text: bytes | str) -> Any:
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
    if type(value) is Decimal and value.is_finite():
        text = str(value)
        return orjson.Fragment(number_text(value) if "E" in text else text)
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
