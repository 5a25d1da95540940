"""`publish`: what tide.outbox_publish costs an application, against a plain INSERT."""

import random
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.report.figures import Result
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.relay import wait_until
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.fixtures.topics import create_topic

_CLIENTS, _THREADS = 16, 2
_WARM_UP = 2.0
_SCRIPTS = {
    "publish": "select tide.outbox_publish(:outbox, :payload, 'customer-' || :n)",
    "insert": "insert into flat (outbox_id, slot, op, key, dedup_key, payload) "
    "values (1, 0, 'insert', 'customer-' || :n, 'customer-' || :n, :payload) returning id",
}


@dataclass(frozen=True)
class Round:
    """What pgbench counted, and what PostgreSQL (and the relay) needed for it."""

    rate: float
    cpu: float  # microseconds a transaction
    transactions: int
    relay_cpu: float = 0.0


class Publishers:
    """pgbench, with sixteen clients at once."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self._folder = folder
        for name, statement in _SCRIPTS.items():
            (folder / name).write_text(f"\\set n random(1, {messages.KEYS})\n{statement};\n")

    def round(self, script: str, seconds: float, outbox: str = "alone") -> Round:
        """Run one of the scripts for a while."""
        usage = self._servers.usage()
        said = self._run(script, seconds, outbox)
        transactions = int(_number(r"actually processed: (\d+)", said))
        cpu = usage.seconds()["Postgres"] / transactions * 1e6
        return Round(_number(r"tps = ([0-9.]+)", said), cpu, transactions)

    def _run(self, script: str, seconds: float, outbox: str) -> str:
        payload = messages.order(1, random.Random(1))
        command = [
            str(self._servers.postgres.binaries / "pgbench"),
            *("--no-vacuum", "--protocol=prepared"),
            *(f"--client={_CLIENTS}", f"--jobs={_THREADS}", f"--time={max(1, round(seconds))}"),
            *(f"--define=payload={payload}", f"--define=outbox={outbox}"),
            f"--file={self._folder / script}",
            self._servers.postgres.url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"pgbench failed: {done.stderr}")
        return done.stdout


def publish(servers: Servers, seconds: float, runs: int) -> Result:
    """Publish and insert in turn, `runs` times; then publish with a relay beside it."""
    for outbox in ("alone", "relayed"):
        servers.sql("select tide.outbox_create(%s)", outbox)
    servers.sql("create table flat (like tide.message including all)")
    with tempfile.TemporaryDirectory() as folder:
        publishers = Publishers(servers, Path(folder))
        for script in ("publish", "insert"):
            publishers.round(script, _WARM_UP)
        published, inserted = [], []
        for _ in range(runs):
            published.append(publishers.round("publish", seconds))
            inserted.append(publishers.round("insert", seconds))
        result = _alone(published, inserted, seconds)
        _beside_relay(servers, publishers, seconds, result)
    return result


def _alone(published: Sequence[Round], inserted: Sequence[Round], seconds: float) -> Result:
    result = Result(
        "publish",
        f"pgbench, {_CLIENTS} clients, {seconds:.0f} s a round, one message of {messages.SIZE} B "
        f"a transaction: tide.outbox_publish and a plain INSERT, returning the id too, into "
        f"a flat table of the same columns and indexes in turn, no relay; each ratio is of two "
        f"rounds that followed each other. CPU is PostgreSQL's, for a transaction. Then once with "
        f"the relay beside it.",
    )
    pairs = list(zip(published, inserted, strict=True))
    result.add("publish", "transactions/s", *(each.rate for each in published))
    result.add("insert", "transactions/s", *(each.rate for each in inserted))
    result.add("publish / insert", "%", *(a.rate / b.rate * 100 for a, b in pairs))
    result.add("publish, CPU", "us", *(each.cpu for each in published))
    result.add("insert, CPU", "us", *(each.cpu for each in inserted))
    return result


def _beside_relay(servers: Servers, publishers: Publishers, seconds: float, result: Result) -> None:
    create_topic(servers.kafka.brokers, "relayed", PARTITIONS)
    servers.pipeline("relayed", "relayed", "relayed")
    servers.sql("select tide.relay_enable('relayed')")
    with servers.relay() as relay:
        publishers.round("publish", _WARM_UP, "relayed")
        usage = servers.usage(relay.pid)
        beside = publishers.round("publish", seconds, "relayed")
        ended, cpu = time.monotonic(), usage.seconds()
        waiting = servers.pending("relayed")
        wait_until(lambda: servers.pending("relayed") == 0, "the relay did not catch up", 600)
        caught_up, memory = time.monotonic() - ended, relay.peak_memory
    result.add("relayed: publish", "transactions/s", beside.rate)
    result.add("relayed: relay CPU", "us", cpu["relay"] / beside.transactions * 1e6)
    result.add("relayed: Kafka CPU", "us", cpu["Kafka"] / beside.transactions * 1e6)
    result.add("relayed: waiting at the end", "messages", waiting)
    result.add("relayed: caught up after", "s", caught_up)
    result.add("relayed: relay peak memory", "MB", memory / 1e6)


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"pgbench said: {text}")
    return float(found[1])
