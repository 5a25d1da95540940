"""The real parts of a benchmark: PostgreSQL and Apache Kafka as in production, and the relay.

PostgreSQL syncs its WAL to disk, Kafka runs with its whole compiler; both keep their data where
temporary files lie, so let that be a disk.
"""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from pg_tide.demo.ports import free_port
from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.demo.watchdog import Watchdog
from pg_tide.migrate import migrate
from tests.benchmarks.delivery import AT_LEAST_ONCE
from tests.benchmarks.usage import Usage, peak_memory
from tests.fixtures.kafka_server import KafkaServer

POSTGRES_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
PARTITIONS = 4
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = (sys.executable, "-m", "pg_tide")
_SECONDS = 60.0


class Relay:
    """A `pg-tide` process that is ready to run pipelines."""

    def __init__(self, program: Sequence[str], postgres_url: str, said: IO[bytes]) -> None:
        self._http = f"127.0.0.1:{free_port()}"
        self._said = said
        command = [*program, "--postgres-url", postgres_url, "--http", self._http]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdout=said, stderr=said)
        self._watchdog = Watchdog(signal.SIGKILL)
        self._watchdog.guard(self.pid)
        self._await_ready()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def peak_memory(self) -> int:
        """The most bytes that it has had resident."""
        return peak_memory(self.pid)

    def stage(self, name: str) -> tuple[float, float]:
        """Return how often batches of all its pipelines passed a stage, and in how many seconds."""
        with urllib.request.urlopen(f"http://{self._http}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        found = [
            sample
            for family in families
            for sample in family.samples
            if sample.labels.get("stage") == name
        ]
        count, seconds = (
            sum(sample.value for sample in found if sample.name == f"pg_tide_stage_seconds_{what}")
            for what in ("count", "sum")
        )
        return count, seconds

    def stop(self) -> None:
        """Stop it in order; RuntimeError, with what it said, if it does not end well."""
        self._process.send_signal(signal.SIGTERM)
        if (code := self._process.wait(_SECONDS)) != 0:
            raise self.failure(f"the relay ended with {code}")

    def close(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        self._process.wait()
        self._watchdog.close()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://{self._http}/readyz", timeout=5).close()
                return
            time.sleep(0.02)
        self.close()
        raise self.failure("the relay did not start")

    def failure(self, what: str) -> RuntimeError:
        """Return an error that ends with its last words."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()[-20:]
        return RuntimeError("\n".join([f"{what}; its last words:", *lines]))


class Servers:
    """PostgreSQL with the schema, Kafka, and relays between them. A context manager.

    `relay_program` is run in place of `pg-tide`, with its arguments.
    """

    def __init__(self, relay_program: Sequence[str] = _PROGRAM) -> None:
        self._relay_program = relay_program
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            self.postgres = EmbeddedPostgres(settings=POSTGRES_SETTINGS, durable=True)
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

    def pipeline(self, name: str, outbox: str, topic: str, delivery: str = AT_LEAST_ONCE) -> None:
        """Configure a pipeline, with the defaults that users have, and leave it disabled."""
        config = {"sink_type": "kafka", "brokers": self.kafka.brokers, "topic": topic}
        if delivery != AT_LEAST_ONCE:
            config["delivery"] = delivery
        self.sql(
            "select tide.relay_set_outbox(%s, %s, %s, %s::jsonb, enabled => false)",
            *(name, outbox, name, json.dumps(config)),
        )

    def usage(self, relay: Relay | None = None) -> Usage:
        """Count CPU time from now on."""
        pids = {"Postgres": self.postgres.pid, "Kafka": self.kafka.pid}
        pids |= {"relay": relay.pid} if relay is not None else {}
        return Usage({name: pid for name, pid in pids.items() if pid is not None})


def wait_until(done: Any, what: str, seconds: float = _SECONDS) -> None:
    """Call `done` until it is true; TimeoutError with `what` when it never is."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
