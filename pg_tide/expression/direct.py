"""The functions of JMESPath that only look at what they are given, without counting.

For arguments of a type that they do not take, the interpreter has the words; and it counts what
the others make.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pg_tide.pattern import Pattern

_SIZED = frozenset({str, list, dict})
_TYPES = {
    bool: "boolean",
    Decimal: "number",
    dict: "object",
    int: "number",
    list: "array",
    str: "string",
    type(None): "null",
}


class UnfitError(Exception):
    """Only the interpreter can evaluate this."""


def contains(subject: Any, wanted: Any) -> bool:
    """Whether a text has another in it, or an array an element."""
    if type(subject) is list or (type(subject) is str and type(wanted) is str):
        return wanted in subject
    raise UnfitError


def starts_with(text: Any, beginning: Any) -> bool:
    """Whether a text begins with another."""
    if type(text) is str and type(beginning) is str:
        return text.startswith(beginning)
    raise UnfitError


def ends_with(text: Any, end: Any) -> bool:
    """Whether a text ends with another."""
    if type(text) is str and type(end) is str:
        return text.endswith(end)
    raise UnfitError


def length(value: Any) -> int:
    """How many characters, elements or members there are."""
    if type(value) in _SIZED:
        return len(value)
    raise UnfitError


def not_null(*values: Any) -> Any:
    """The first value that is not null."""
    return next((value for value in values if value is not None), None)


def type_of(value: Any) -> str:
    """The name of a value's type."""
    found = _TYPES.get(type(value))
    if found is None:
        raise UnfitError
    return found


def matches_of(pattern: Pattern) -> Callable[[Any, Any], bool]:
    """Return what tells whether a text has a match of a pattern."""

    def matches(text: Any, _: Any) -> bool:
        if text is None:
            return False
        if type(text) is str:
            return pattern.matches(text)
        raise UnfitError

    return matches


DIRECT: dict[str, Callable[..., Any]] = {
    "contains": contains,
    "ends_with": ends_with,
    "length": length,
    "not_null": not_null,
    "starts_with": starts_with,
    "type": type_of,
}
