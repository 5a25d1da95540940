"""The member `old` of an update: the old values that `wire_config.old_values` asks for."""

from collections.abc import Callable
from typing import Any

from pg_tide.encode.maxwell.raw import raw_row, write_raw
from pg_tide.exact_json import parse, write
from pg_tide.message import Message

OldOf = Callable[[bytes, bytes, Message], bytes]  # of the old row and the new one, as JSON

_QUOTE, _BACKSLASH = b'"', b"\\"


def old_of(which: str, columns: tuple[str, ...]) -> OldOf:
    """Return what makes it: of the columns that `changed`, of the `keys`, or in `full`."""
    if which == "full":
        return lambda old, _new, _message: old
    if which == "keys":
        return lambda old, _new, message: _keys(old, columns, message)
    return _changed


def _keys(old: bytes, columns: tuple[str, ...], message: Message) -> bytes:
    row = raw_row(old, message)
    return write_raw({name: row[name] for name in columns if name in row})


def _changed(old: bytes, new: bytes, message: Message) -> bytes:
    before, after = raw_row(old, message), raw_row(new, message)
    changed = {name: value for name, value in before.items() if after.get(name) != value}
    for name in [*changed]:
        if name in after and _are_same(bytes(before[name]), bytes(after[name])):
            del changed[name]
    return write_raw(changed)


def _are_same(one: bytes, other: bytes) -> bool:
    """Return whether two texts that differ are of one value, as 1.5 and 1.50 are."""
    texts = one[:1] == other[:1] == _QUOTE
    if texts and _BACKSLASH not in one and _BACKSLASH not in other:
        return False
    return _are_equal(parse(one), parse(other))


def _are_equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict | list):
        return type(one) is type(other) and write(one) == write(other)
    return bool(one == other)
