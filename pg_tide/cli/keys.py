"""`--secret-key-file`, as every command takes it, beside PG_TIDE_SECRET_KEY."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pg_tide.secret import KeySource

F = TypeVar("F", bound=Callable[..., Any])


def secret_keys() -> Callable[[F], F]:
    """The option, also read from PG_TIDE_SECRET_KEY_FILE; the command gets it as `keys`."""
    return click.option(
        "--secret-key-file",
        "keys",
        envvar="PG_TIDE_SECRET_KEY_FILE",
        show_envvar=True,
        metavar="FILE",
        callback=lambda _context, _option, file: source(file),
        help="The keys of stored secrets, one on each line; also those of PG_TIDE_SECRET_KEY.",
    )


def source(file: str | None) -> KeySource:
    """Where the keys of this process are found."""
    return KeySource(file, os.environ.get("PG_TIDE_SECRET_KEY") or None)
