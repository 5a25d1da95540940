"""The real parts of a benchmark: PostgreSQL and Apache Kafka as in production, and the relay.

PostgreSQL syncs its WAL to disk, Kafka runs with its whole compiler; both keep their data where
temporary files lie, so let that be a disk.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import psycopg

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate
from tests.benchmarks.stage.relay import Relay
from tests.benchmarks.stage.usage import Usage
from tests.fixtures.kafka_server import KafkaServer

POSTGRES_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
COUNTING = {"shared_preload_libraries": "pg_stat_statements"}
PARTITIONS = 4
_PROGRAM = (sys.executable, "-m", "pg_tide")
NOTHING: Mapping[str, Any] = {}


class Servers:
    """PostgreSQL with the schema, Kafka, and relays between them. A context manager.

    `relay_program` is run in place of `pg-tide`, with its arguments; `settings` are PostgreSQL's.
    """

    def __init__(
        self,
        relay_program: Sequence[str] = _PROGRAM,
        *,
        settings: Mapping[str, str] = NOTHING,
    ) -> None:
        self._relay_program = relay_program
        self._settings = {**POSTGRES_SETTINGS, **settings}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            self.postgres = EmbeddedPostgres(settings=self._settings, durable=True)
            starting.enter_context(self.postgres)
            self.kafka = starting.enter_context(KafkaServer(full_jit=True))
            asyncio.run(migrate(self.postgres.url))
            self._open = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sql(self, statement: str, *values: Any) -> Any:
        """Run a statement; the first column of its first row, if it has one."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    @contextlib.contextmanager
    def relay(self) -> Iterator[Relay]:
        """Run a relay for a while; it must end well."""
        with tempfile.TemporaryFile() as said:
            relay = Relay(self._relay_program, self.postgres.url, said)
            try:
                yield relay
                relay.stop()
            except TimeoutError as error:
                raise relay.failure(str(error)) from error
            finally:
                relay.close()

    def pipeline(
        self, name: str, outbox: str, topic: str, options: Mapping[str, Any] = NOTHING
    ) -> None:
        """Configure a pipeline, with the defaults that users have, and leave it disabled."""
        own = {"sink_type": "kafka", "brokers": self.kafka.brokers, "topic": topic}
        self.sql(
            "select tide.relay_set_outbox(%s, %s, %s, %s::jsonb, enabled => false)",
            *(name, outbox, name, json.dumps({**own, **options})),
        )

    def pending(self, pipeline: str) -> int:
        """Return how many messages a pipeline has before it."""
        query = "select pending from tide.relay_status where pipeline = %s"
        return int(self.sql(query, pipeline))

    def usage(self, relay: int | None = None) -> Usage:
        """Count CPU time from now on, of the relay with this process id too."""
        pids = {"Postgres": self.postgres.pid, "Kafka": self.kafka.pid, "relay": relay}
        return Usage({name: pid for name, pid in pids.items() if pid is not None})
