"""The row that a message is about, for the formats of rows: what happened, before, and after.

Rows stay JSON texts, byte for byte as published, until a format has to look into one.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import DecodeError, Raw, Struct, ValidationError
from msgspec.json import Decoder

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, parser_of
from pg_tide.message import Message
from pg_tide.words import quoted, shown_name

Change = tuple[str, bytes | None, bytes | None]  # what happened (of OPS), the old row, the new one
Row = dict[str, Any]

OPS = {
    **dict.fromkeys(("insert", "create", "c"), "c"),
    **dict.fromkeys(("update", "u"), "u"),
    **dict.fromkeys(("delete", "d"), "d"),
    **dict.fromkeys(("snapshot", "read", "r"), "r"),
    **dict.fromkeys(("truncate", "t"), "t"),
}
# Whether there is an old row, and a new one; None where either is right.
_NEEDED: dict[str, tuple[bool | None, bool]] = {
    "c": (False, True),
    "u": (None, True),
    "d": (True, False),
    "r": (False, True),
    "t": (False, False),
}
_BOTH = (b'{"after"', b'{"before"')  # how a payload of both rows begins
_NULL = b"null"
_EXACT = frozenset((str, int, bool))  # what orjson reads without rounding


class _Both(Struct, forbid_unknown_fields=True):
    """A payload of both rows, each as it is written."""

    before: Raw
    after: Raw


_read_both = Decoder(_Both).decode


def is_tombstone(message: Message) -> bool:
    """Return whether a message has no row at all, nor is about a whole table."""
    return message.payload is None and message.before is None and _op_of(message.op) != "t"


def change_of(message: Message) -> Change:
    """Return what happened to the row of a message, which is no tombstone.

    The payload is the row: the old one of a delete, else the new one. Of the exact form
    {"before": …, "after": …} it is both. A create has no old row, a delete no new one; an update
    has an old one where it is known. Raises MessageError where there is no such row, or for an
    op that says nothing of rows.
    """
    op = OPS.get(message.op) or _op_of(message.op)
    payload = message.payload
    if op is None:
        raise op_refused(message, "does not say what happened to a row")
    if payload is None:
        return _of_both(op, message.before, None, message)
    if payload[:1] != b"{" or not message.is_json:
        raise _no_row(message, "it is no JSON object" if message.is_json else "it has bytes")
    if payload.startswith(_BOTH) and (rows := _both(payload, message)):
        return _of_both(op, *rows, message)
    if op == "d":
        return op, message.before or payload, None
    if op == "t":
        return _of_both(op, None, payload, message)
    return op, message.before if op == "u" else None, payload


def _op_of(word: str) -> str | None:
    return OPS.get(word.lower())  # in capitals as triggers have it in TG_OP


def _both(payload: bytes, message: Message) -> tuple[bytes | None, bytes | None] | None:
    """Return both rows of a payload that has just these two members, each an object or null."""
    try:
        both = _read_both(payload)
    except ValidationError:  # it has other members
        return None
    except (RecursionError, DecodeError) as error:
        deep = isinstance(error, RecursionError)
        raise _unreadable(message, "it is nested too deeply" if deep else str(error)) from None
    before, after = bytes(both.before), bytes(both.after)
    if (before[:1] != b"{" and before != _NULL) or (after[:1] != b"{" and after != _NULL):
        return None
    return None if before == _NULL else before, None if after == _NULL else after


def _of_both(op: str, before: bytes | None, after: bytes | None, message: Message) -> Change:
    needs_before, needs_after = _NEEDED[op]
    if (after is None) is needs_after:
        raise _contradiction(message, "after", needed=needs_after)
    if (before is None) is needs_before:
        raise _contradiction(message, "before", needed=needs_before)
    return op, before, after


def _contradiction(message: Message, name: str, *, needed: bool) -> MessageError:
    has = f"no row {name}" if needed else f"a row {name}"
    return MessageError(
        f"message {message.id} has the op {quoted(message.op)}, but {has} it",
        stage="encode",
        reason="row_contradicts_op",
        hint="Publish it with the op that happened to the row.",
    )


def row_of(text: bytes, message: Message) -> Row:
    """Return a row as a value, numbers exact; MessageError where it is no JSON object."""
    try:
        row = parse(text)
    except ValueError as error:
        raise _unreadable(message, str(error)) from None
    if not isinstance(row, dict):
        raise _no_row(message, "it is no JSON object")
    return row


class PrimaryKey:
    """The columns that are the key of a row, in the order of `wire_config.primary_keys`."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._parse = parser_of((name,) for name in self.names)

    def of_text(self, text: bytes, message: Message) -> Row:
        """Return the key's columns of a row that is JSON; MessageError where it lacks one."""
        try:
            row = self._parse(text)
        except ValueError:
            row = None
        return self.of(row if isinstance(row, dict) else row_of(text, message), message)

    def of(self, row: Row, message: Message) -> Row:
        """Return the key's columns of a row; MessageError where it lacks one, or has it null."""
        key = {name: row.get(name) for name in self.names}
        for name, value in key.items():
            if value is None:
                raise self._missing(message, f"has no {shown_name(name)}")
        return key

    def of_tombstone(self, message: Message) -> Row:
        """Return the key that the message's own key has as JSON; MessageError where it has none."""
        try:
            row = parse(message.key or "null")
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise self._missing(message, "has no payload, and its key is no JSON object of columns")
        return self.of(row, message)

    def _missing(self, message: Message, problem: str) -> MessageError:
        return MessageError(
            f"wire_config.primary_keys: message {message.id} {problem}",
            stage="encode",
            reason="primary_key_missing",
            hint="Publish the row with all columns of its key, also when it is deleted.",
        )


def op_refused(message: Message, why: str) -> MessageError:
    """Return the error of a message whose op its format cannot tell."""
    return MessageError(
        f"the op {quoted(message.op)} of message {message.id} {why}",
        stage="encode",
        reason="op_unknown",
        hint="Publish with op insert, update, delete, snapshot or truncate; or choose a "
        "wire_format that takes any op, like envelope or cloudevents.",
    )


def _unreadable(message: Message, problem: str) -> MessageError:
    return MessageError(
        f"the row of message {message.id} cannot be read as JSON: {problem}",
        stage="encode",
        reason="payload_unreadable",
        hint="Correct it, or choose a wire_format that does not look into it, like native.",
    )


def _no_row(message: Message, problem: str) -> MessageError:
    return MessageError(
        f"the payload of message {message.id} is no row: {problem}",
        stage="encode",
        reason="payload_no_row",
        hint='Publish the row as a JSON object, or {"before": …, "after": …}.',
    )
