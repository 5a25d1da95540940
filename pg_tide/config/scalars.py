"""What a value of a configuration is as one of the types of options; None where it is not.

Forgiving where the intent is plain: `"100"` is a number, `"true"` is true, `1` is the text "1".
The same as the SQL function `tide._option_value`.
"""

import re
from decimal import Decimal
from typing import Any

from pg_tide.words import number_words

_SPACES = " \t\n\r"
_WHOLE = re.compile(r"-?[0-9]+")
# Whole numbers with more digits are all alike: beyond every limit.
_DIGITS, _BEYOND = 18, 10**18


def read(kind: str, value: Any) -> Any:
    """Return a value as the type of this name, or None."""
    return _READERS[kind](value)


def _read_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    digits = _number(value)
    if digits is None or not _WHOLE.fullmatch(digits) or len(digits.lstrip("-")) > _DIGITS:
        return None
    return digits


def _read_integer(value: Any) -> int | None:
    digits = value if isinstance(value, str) else _number(value)
    if digits is None or not _WHOLE.fullmatch(digits):
        return None
    if len(digits.lstrip("-")) > _DIGITS:
        return -_BEYOND if digits.startswith("-") else _BEYOND
    return int(digits)


def _read_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _read_object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _read_array(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _read_list(value: Any) -> list[str] | None:
    """Read an array of texts, or one text with commas in between."""
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None
    return [text.strip(_SPACES) for text in texts]


def _read_schema(value: Any) -> str | dict[str, Any] | None:
    return value if isinstance(value, str | dict) else None


def _number(value: Any) -> str | None:
    """Return the digits of a number, which a boolean is not."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return number_words(value) if is_number else None


_READERS = {
    "text": _read_text,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "object": _read_object,
    "array": _read_array,
    "list": _read_list,
    "schema": _read_schema,
}
