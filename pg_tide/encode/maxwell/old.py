"""The member `old` of an update: the old values that `wire_config.old_values` asks for."""

from collections.abc import Callable
from typing import Any

import orjson

from pg_tide.encode.rows import Row, row_of
from pg_tide.exact_json import write
from pg_tide.message import Message

OldOf = Callable[[bytes, bytes, Message], bytes]  # of the old row and the new one, as JSON

_EXACT = frozenset((str, int, bool, type(None)))  # what orjson reads without rounding


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
    before, after = _read(old, message), _read(new, message)
    absent = object()
    return write(
        {
            name: value
            for name, value in before.items()
            if not _is_same(value, after.get(name, absent))
        }
    )


def _read(text: bytes, message: Message) -> Row:
    """Return a row with its numbers exact, quickly where it has only such as orjson reads so."""
    try:
        row: Row = orjson.loads(text)
    except ValueError:
        return row_of(text, message)
    return row if _EXACT.issuperset(map(type, row.values())) else row_of(text, message)


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    return bool(one == other if not isinstance(one, dict | list) else write(one) == write(other))
