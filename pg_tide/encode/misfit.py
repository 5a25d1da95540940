"""What is wrong with a payload that does not fit its schema, and where in it."""

from typing import Any

from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.words import shown, shown_name

WHOLE = "the whole of it"


class MisfitError(Exception):
    """A value that does not fit. Whoever holds the value adds its place: `at` is innermost first.

    `unknown`: it has a member that the schema does not have.
    """

    def __init__(self, words: str, *, unknown: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.unknown = unknown
        self.at: list[str | int] = []

    def within(self, place: str | int) -> "MisfitError":
        """Return the same, one level up."""
        self.at.append(place)
        return self

    @property
    def path(self) -> str:
        """Where it is, like items[0].price; empty for the whole payload."""
        path = ""
        for place in reversed(self.at):
            if isinstance(place, int):
                path += f"[{place}]"
            else:
                path += f".{shown_name(place)}" if path else shown_name(place)
        return path


def not_a(expected: str, value: Any) -> MisfitError:
    """A value of another type."""
    return MisfitError(f"must be {expected}, not {shown(value)}")


def refused(message: Message, error: MisfitError, reason: str, hint: str) -> MessageError:
    """The error of a message whose payload does not fit."""
    path = error.path or WHOLE
    return MessageError(
        f"the payload of message {message.id} does not fit its schema: {path}: {error.words}",
        stage="encode",
        reason=reason,
        hint=hint,
    )
