"""The text of a small file that a person wrote: a password, a key. A pipe is never waited for.

An error says what is wrong with the file, never what is in it.
"""

import os
import stat
from pathlib import Path

MOST = 64 * 1024  # bytes


class NotThereError(ValueError):
    """There is no such file."""


def read(path: str) -> str:
    """Return a file's text without the line end it closes with; ValueError where it has none.

    The file must be a regular one, of UTF-8 and at most 64 KiB.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise ValueError("is a directory; name the file in it")
        if not stat.S_ISREG(mode):
            raise ValueError("is not a regular file")
        with open(path, "rb", opener=_without_waiting) as file:
            found = file.read(MOST + 1)
    except OSError as error:
        kind = NotThereError if isinstance(error, FileNotFoundError) else ValueError
        raise kind(f"cannot be read: {os.strerror(error.errno or 0)}") from None
    return text(found)


def text(found: bytes) -> str:
    """Return bytes as the text of a small file; ValueError where they are none."""
    if len(found) > MOST:
        raise ValueError(f"has more than {MOST} bytes")
    try:
        plain = found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start + 1})") from None
    if "\0" in plain:
        raise ValueError("has a NUL character")
    return plain.removesuffix("\n").removesuffix("\r") if plain.endswith("\n") else plain


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
