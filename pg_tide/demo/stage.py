"""Puts up what the demo needs, servers first and the relay last, and takes it down again."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from pg_tide.demo.database import Database
from pg_tide.demo.figures import StatusReader
from pg_tide.demo.kafka import EmbeddedKafka
from pg_tide.demo.names import Names, names
from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.demo.psql import psql_command
from pg_tide.demo.relay_process import RelayProcess
from pg_tide.demo.topic import topic
from pg_tide.errors import PgTideError

_START_SECONDS = 30.0  # for the relay to take up the pipeline
_RUNNING = {"running", "idle"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What the user asked for; None for servers means embedded ones, for `seconds` no end."""

    postgres_url: str | None
    brokers: str | None
    seconds: float | None
    rate: float


@dataclass(frozen=True)
class Stage:
    """Where everything is."""

    url: str
    brokers: str
    names: Names
    relay: RelayProcess
    status: StatusReader
    psql: str | None


@contextlib.asynccontextmanager
async def stage(settings: Settings, say: Say, warn: Say) -> AsyncIterator[Stage]:
    """Everything but the application and the consumer, for as long as the block runs.

    `say` is told of each step, `warn` of what could not be removed. The starts of servers and
    the making of topics block: nothing may be cancelled in the middle of them.
    """
    own_postgres, own_kafka = settings.postgres_url is None, settings.brokers is None
    chosen = names(own_postgres=own_postgres, own_kafka=own_kafka)
    async with contextlib.AsyncExitStack() as stack:
        url = settings.postgres_url or stack.enter_context(_postgres(say))
        brokers = settings.brokers or stack.enter_context(_kafka(chosen.topic, say))
        if not own_kafka:
            made = stack.enter_context(topic(brokers, chosen.topic, warn))
            say(f"Kafka       {brokers}, topic {chosen.topic}{', made for this' if made else ''}")
        database = Database(url, chosen)
        await stack.enter_async_context(database.prepared(brokers, warn, own=own_postgres))
        say(f"schema      tide{', installed for this' if database.installed else ''}")
        say(f"outbox      {chosen.outbox}, beside the table {chosen.table}")
        say(f"pipeline    {chosen.pipeline}")
        relay = stack.enter_context(RelayProcess(url, chosen.relay_group))
        status = StatusReader(url, chosen.pipeline)
        stack.push_async_callback(status.close)
        await _taken_up(relay, status)
        say(f"relay       process {relay.pid}, metrics at http://{relay.http}/metrics")
        psql = psql_command(url, relay.folder)
        yield Stage(url, brokers, chosen, relay, status, psql)


@contextlib.contextmanager
def _postgres(say: Say) -> Iterator[str]:
    # Settings for the user's own servers (PGSSLMODE, PGOPTIONS, …) must not reach this one.
    for name in [name for name in os.environ if name.startswith("PG") and "_" not in name]:
        del os.environ[name]
    with EmbeddedPostgres() as server:
        say(f"PostgreSQL  embedded, on 127.0.0.1:{server.port}")
        yield server.url


@contextlib.contextmanager
def _kafka(name: str, say: Say) -> Iterator[str]:
    with EmbeddedKafka() as kafka:
        kafka.create_topic(name)
        say(f"Kafka       embedded, on {kafka.brokers}, topic {name}")
        yield kafka.brokers


async def _taken_up(relay: RelayProcess, status: StatusReader) -> None:
    """Wait until the relay runs the pipeline: what comes later is measured."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        relay.check()
        found = await status.read()
        if found.state in _RUNNING:
            return
        if time.monotonic() > deadline:
            reason = f": {found.error}" if found.error else ""
            raise PgTideError(f"the relay does not run the pipeline, it is {found.state}{reason}")
        await asyncio.sleep(0.05)
