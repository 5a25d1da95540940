"""The writers of what most fields are, a type or null, with fewer calls than those put together."""

from collections.abc import Callable
from functools import cache
from typing import Any

from pg_tide.encode.avro.leaves import (
    FEW,
    SHORT,
    Add,
    Write,
    pack_double,
    write_double,
    write_long,
    write_string,
)


@cache
def _behind(first: bytes) -> list[bytes]:
    """Return the short numbers, each behind a branch of a union."""
    return [first + number for number in SHORT]


def optional_string(null: bytes, some: bytes) -> Write:
    """Return the writer of a string or null."""
    short = _behind(some)

    def write(value: Any, add: Add) -> None:
        if value is None:
            add(null)
        elif type(value) is str and value.isascii() and (size := len(value)) < FEW:
            add(short[size])
            add(value.encode())
        else:
            add(some)
            write_string(value, add)

    return write


def optional_long(null: bytes, some: bytes) -> Write:
    """Return the writer of a long or null."""
    short = _behind(some)

    def write(value: Any, add: Add) -> None:
        if value is None:
            add(null)
        elif type(value) is int and 0 <= value < FEW:
            add(short[value])
        else:
            add(some)
            write_long(value, add)

    return write


def optional_double(null: bytes, some: bytes) -> Write:
    """Return the writer of a double or null."""

    def write(value: Any, add: Add) -> None:
        if value is None:
            add(null)
        elif type(value) is float:
            add(some + pack_double(value))
        else:
            add(some)
            write_double(value, add)

    return write


COMMON: dict[Write, Callable[[bytes, bytes], Write]] = {
    write_string: optional_string,
    write_long: optional_long,
    write_double: optional_double,
}
