"""`--postgres-url`, as every command takes it."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def postgres_url(*, required: bool = True) -> Callable[[F], F]:
    """The option, also read from PG_TIDE_POSTGRES_URL; the command gets it as `url`."""
    return click.option(
        "--postgres-url",
        "url",
        envvar="PG_TIDE_POSTGRES_URL",
        show_envvar=True,
        required=required,
        metavar="URL",
        help="The database, like postgresql://user@host:5432/database.",
    )
