"""How the text of an argument is read; ValueError says what it must be.

No error shows the text itself where that may hold a password.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from pg_tide import small_file
from pg_tide.config.scalars import read
from pg_tide.secret import Keys
from pg_tide.words import quoted

_SIZE = re.compile(r"([0-9]{1,15})\s*([A-Za-z]*)")
_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


class Address(NamedTuple):
    """Where to listen; port 0 is any free one."""

    host: str
    port: int


def text(given: str) -> str:
    """Read any text that is not empty."""
    if not given:
        raise ValueError("must not be empty")
    return given


def postgres_url(given: str) -> str:
    """Read the URL of a database."""
    if urlsplit(given).scheme not in {"postgresql", "postgres"}:
        raise ValueError("must be a URL like postgresql://user@host:5432/database")
    return given


def address(given: str) -> Address:
    """Read host:port, an IPv6 address in brackets."""
    found = _ADDRESS.fullmatch(given)
    if found is None or int(found[2]) > 65_535:
        raise ValueError(f"must be host:port, like 127.0.0.1:9797, not {quoted(given)}")
    return Address(found[1].strip("[]"), int(found[2]))


def size(given: str) -> int:
    """Read a number of bytes, like 64MiB; at least 1 MiB."""
    found = _SIZE.fullmatch(given.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(f"must be a size like 64MiB (B, KiB, MiB, GiB), not {quoted(given)}")
    if int(found[1]) * unit < _UNITS["mib"]:
        raise ValueError(f"must be at least 1MiB, not {quoted(given)}")
    return int(found[1]) * unit


def seconds(given: str) -> int:
    """Read a whole number of seconds, up to a day."""
    number = read("integer", given)
    if number is None or not 0 <= number <= 86_400:
        raise ValueError(f"must be a number of seconds between 0 and 86400, not {quoted(given)}")
    return int(number)


def flag(given: str) -> bool:
    """Read true or false, as a variable of the environment has it."""
    found = {"true": True, "1": True, "false": False, "0": False, "": False}.get(given.lower())
    if found is None:
        raise ValueError(f"must be true or false, not {quoted(given)}")
    return found


def keys(given: str) -> str:
    """Read keys of secrets; the text stays as it is."""
    Keys.read(given)
    return given


def key_file(given: str) -> str:
    """Read the name of a file with keys of secrets, which must be there."""
    keys(small_file.read(given))
    return given


def choice(*choices: str) -> Callable[[str], str]:
    """Make a reader of one of a few words."""

    def read_choice(given: str) -> str:
        if given not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {quoted(given)}")
        return given

    return read_choice
