"""How a command ends when something is wrong: one clear line, a hint, and an exit code."""

import contextlib
import sys
from collections.abc import Iterator
from typing import NoReturn

import click

from pg_tide.cli.visible import visible
from pg_tide.errors import ConfigurationError, FatalError, PgTideError, StartError, TransientError
from pg_tide.hidden import hide

RUNNING, USAGE, ENVIRONMENT = 1, 2, 3


def exit_code(error: PgTideError) -> int:
    """The exit code for an error that a command cannot go on after."""
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, StartError | TransientError | FatalError):
        return ENVIRONMENT
    return RUNNING


def fail(error: PgTideError) -> NoReturn:
    """Say what was wrong and what to do about it, and exit."""
    problems = getattr(error, "problems", ())
    lines = list(problems) if len(problems) > 1 else [error.message]
    for line in lines:
        click.echo(f"pg-tide: {words(line)}", err=True)
    if error.hint:
        click.echo(f"  hint: {words(error.hint)}", err=True)
    sys.exit(exit_code(error))


def words(text: str) -> str:
    """Words of an error as they may be shown: no secrets, nothing that a terminal obeys."""
    return visible(hide(text), keep="\n\t")


@contextlib.contextmanager
def endings() -> Iterator[None]:
    """Turn errors of ours into exits; anything else is a bug and keeps its traceback."""
    try:
        yield
    except PgTideError as error:
        fail(error)
