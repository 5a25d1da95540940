"""The member `old` of an update: the old values that `wire_config.old_values` asks for."""

from collections.abc import Callable
from typing import Any

from pg_tide.encode.rows import Row, flat_row, row_of, written_number
from pg_tide.exact_json import write
from pg_tide.message import Message

OldOf = Callable[[bytes, bytes, Message], bytes]  # of the old row and the new one, as JSON

_ABSENT = object()


def old_of(which: str, columns: tuple[str, ...]) -> OldOf:
    """Return what makes it: of the columns that `changed`, of the `keys`, or in `full`."""
    if which == "full":
        return lambda old, _new, _message: old
    if which == "keys":
        return lambda old, _new, message: _keys(old, columns, message)
    return _changed


def _keys(old: bytes, columns: tuple[str, ...], message: Message) -> bytes:
    row = row_of(old, message)
    return write({name: row[name] for name in columns if name in row})


def _changed(old: bytes, new: bytes, message: Message) -> bytes:
    before, after = flat_row(old), flat_row(new)
    if before is None or after is None:
        return _changed_values(row_of(old, message), row_of(new, message))
    changed = {}
    for name, value in before.items():
        other, kind = after.get(name, _ABSENT), type(value)
        if value == other and kind is type(other) and kind is not float:
            continue
        if kind is not float and type(other) is not float:
            changed[name] = value
        # Rounded: only where not even the digits differ it is the same for certain.
        elif written_number(old, name) != written_number(new, name):
            return _changed_values(row_of(old, message), row_of(new, message))
    return write(changed)


def _changed_values(before: Row, after: Row) -> bytes:
    return write(
        {
            name: value
            for name, value in before.items()
            if not _is_same(value, after.get(name, _ABSENT))
        }
    )


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    return bool(one == other if not isinstance(one, dict | list) else write(one) == write(other))
