"""A JMESPath over what is known of a message, as routing, keys and partitions use it."""

from collections.abc import Callable
from typing import Any

from pg_tide.context import MessageExpression
from pg_tide.errors import MessageError
from pg_tide.exact_json import write_text
from pg_tide.payload import Sight, Values

TextOf = Callable[[Values], str | None]


def holds(text: str, sight: Sight | None = None) -> Callable[[Values], bool]:
    """Return an expression as a condition, true as in a filter.

    It sees the payload as it goes, and `original`. Calling it raises MessageError where it fails.
    """
    return MessageExpression(text, "route", sight=sight).holds


def look_text(text: str, option: str, sight: Sight | None = None) -> TextOf:
    """Return the same as text, for a key: null is None, and an array is joined with "-".

    Strings are themselves, numbers their digits, and objects JSON; an array without elements is
    None. Calling it raises MessageError where an element of an array is null.
    """
    found = MessageExpression(text, "route", sight=sight).search

    def text_of(values: Values) -> str | None:
        value = found(values)
        if type(value) is str and value.isascii():
            return value
        if isinstance(value, list):
            return _joined(value, option, values)
        return None if value is None else written(value, option, values)

    return text_of


def _joined(parts: list[Any], option: str, values: Values) -> str | None:
    if None in parts:
        raise value_missing(
            f"{option}: message {values.message.id} has no key: its part {parts.index(None) + 1} "
            "is null (the parts of an array are joined)"
        )
    return "-".join(written(part, option, values) for part in parts) if parts else None


def written(value: Any, option: str, values: Values) -> str:
    """Return a value as the text of a key; MessageError where no text in UTF-8 can hold it."""
    try:
        text = write_text(value)
        text.encode()
    except ValueError as error:
        raise MessageError(
            f"{option}: the key of message {values.message.id} cannot be written: {error}",
            stage="route",
            reason="key_unwritable",
        ) from None
    return text


def value_missing(problem: str) -> MessageError:
    """Return the error of a message that lacks a part of its key."""
    return MessageError(
        problem,
        stage="route",
        reason="key_value_missing",
        hint="Correct the option, or give the key a value for messages like this one.",
    )
