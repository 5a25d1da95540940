"""The row that a message is about, for the formats of rows: what happened, before, and after.

Rows stay JSON texts, byte for byte as published, until a format has to look into one.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, write
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
_BOTH = (b'{"after"', b'{"before"')  # how a payload of both rows begins


def is_tombstone(message: Message) -> bool:
    """Return whether a message has no row at all, nor is about a whole table."""
    return message.payload is None and message.before is None and OPS.get(message.op) != "t"


def change_of(message: Message) -> Change:
    """Return what happened to the row of a message, which is no tombstone.

    The payload is the row: the old one of a delete, else the new one. Of the exact form
    {"before": …, "after": …} it is both. Raises MessageError where it is no row, or for an op
    that says nothing of rows.
    """
    op = OPS.get(message.op)
    if op is None:
        raise _op_unknown(message)
    if op == "t":
        return op, None, None
    payload = message.payload
    if payload is None:
        if op != "d":
            raise _no_row(message, "it is null")
        return op, message.before, None
    if payload[:1] != b"{" or not message.is_json:
        raise _no_row(message, "it is no JSON object" if message.is_json else "it has bytes")
    if payload.startswith(_BOTH) and (rows := _both(payload, message)):
        return _of_both(op, *rows, message)
    if op == "d":
        return op, message.before or payload, None
    return op, message.before if op == "u" else None, payload


def _both(payload: bytes, message: Message) -> tuple[bytes | None, bytes | None] | None:
    row = row_of(payload, message)
    if row.keys() != {"before", "after"}:
        return None
    rows = row["before"], row["after"]
    if not all(part is None or isinstance(part, dict) for part in rows):
        return None
    before, after = (None if part is None else write(part) for part in rows)
    return before, after


def _of_both(op: str, before: bytes | None, after: bytes | None, message: Message) -> Change:
    needed, name = (before, "before") if op == "d" else (after, "after")
    if needed is None:
        raise _no_row(message, f"its {name} is null, which {quoted(message.op)} needs")
    return op, None if op in "cr" else before, None if op == "d" else after


def row_of(text: bytes, message: Message) -> Row:
    """Return a row as a value, numbers exact; MessageError where it is no JSON object."""
    try:
        row = parse(text)
    except ValueError as error:
        raise MessageError(
            f"the row of message {message.id} cannot be read as JSON: {error}",
            stage="encode",
            reason="payload_unreadable",
        ) from None
    if not isinstance(row, dict):
        raise _no_row(message, "it is no JSON object")
    return row


class PrimaryKey:
    """The columns that are the key of a row, in the order of `wire_config.primary_keys`."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def of_text(self, text: bytes, message: Message) -> Row:
        """Return the key's columns of a row that is JSON; MessageError where it lacks one."""
        try:
            row = orjson.loads(text)
        except ValueError:
            row = None
        # It rounds fractions, and integers that are too long.
        if not isinstance(row, dict) or any(type(row.get(name)) is float for name in self.names):
            row = row_of(text, message)
        return self.of(row, message)

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


def _op_unknown(message: Message) -> MessageError:
    return MessageError(
        f"the op {quoted(message.op)} of message {message.id} does not say what happened to a row",
        stage="encode",
        reason="op_unknown",
        hint="Publish with op insert, update, delete, snapshot or truncate; or choose a "
        "wire_format that takes any op, like envelope or cloudevents.",
    )


def _no_row(message: Message, problem: str) -> MessageError:
    return MessageError(
        f"the payload of message {message.id} is no row: {problem}",
        stage="encode",
        reason="payload_no_row",
        hint='Publish the row as a JSON object, or {"before": …, "after": …}.',
    )
