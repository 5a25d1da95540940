"""`python -m tests.chaos.outage`: Kafka is away while messages go on arriving, and comes back.

What the relay takes meanwhile, how fast it catches up, and when messages are prompt again.
"""

import json
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg
from rich.console import Console

from tests.benchmarks.report.figures import Result, percentile, show
from tests.benchmarks.stage.relay import Relay, wait_until
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.fixtures.oracle.arrivals import TOPIC
from tests.fixtures.topics import Reader, create_topic

OUTBOX = PIPELINE = TOPIC_NAME = "outage"
BATCH = 20  # messages a transaction
WARM = 10.0  # seconds of steady load before, and as much after
PROMPT = 0.05  # seconds from a commit to a broker
CAUGHT_UP = 1.0  # seconds
PATIENCE = 600.0
SIZE = 500  # bytes of a payload, about
_PUBLISH = "SELECT tide.outbox_publish_many(%s, %s::jsonb[], keys => %s::text[])"
_DEAD_LETTERS = "SELECT dead_lettered FROM tide.relay_status WHERE pipeline = %s"


@dataclass
class Samples:
    """What the relay took, once a second: resident bytes."""

    pid: int
    memory: list[int] = field(default_factory=list)

    def take(self) -> None:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                self.memory.append(int(line.split()[1]) * 1024)


class Publisher:
    """Publishes at a steady rate, in a thread of its own, while the block runs."""

    def __init__(self, url: str, rate: int) -> None:
        self.published = 0
        self.latest = 0.0  # seconds behind its pace
        self._url = url
        self._rate = rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            began = time.monotonic()
            while not self._stop.is_set():
                behind = time.monotonic() - began - self.published / self._rate
                self.latest = max(self.latest, behind)
                time.sleep(max(0.0, -behind))
                publish(connection, self.published, BATCH)
                self.published += BATCH

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def publish(connection: psycopg.Connection, first: int, count: int) -> None:
    """Publish messages that say when that was, in seconds since 1970."""
    at, filling = time.time(), "x" * (SIZE - 60)
    payloads = [json.dumps({"n": n, "at": at, "of": filling}) for n in range(first, first + count)]
    keys = [f"key-{n % 1000}" for n in range(first, first + count)]
    connection.execute(_PUBLISH, (OUTBOX, payloads, keys))


@dataclass(frozen=True)
class Times:
    """The phases, in seconds since 1970."""

    away: float
    back: float
    done: float


def outage(servers: Servers, minutes: float, rate: int, backlog: int) -> Result:
    """Run it; `backlog` messages are drained first, to compare with."""
    prepare(servers)
    result = Result(
        "outage",
        f"{rate:,} messages/s of {SIZE} B in transactions of {BATCH}; the broker is stopped for "
        f"{minutes:g} minutes. Delays are from before the publishing statement to the broker's own "
        f"time of the record. Default options.",
    )
    with servers.relay() as relay:
        before = drained(servers, backlog)
        result.add("drains before", "messages/s", before)
        with Publisher(servers.postgres.url, rate) as publisher:
            time.sleep(WARM)
            times = strike(servers, relay, minutes, result)
        wait_until(lambda: pending(servers) == 0, "messages stay pending", PATIENCE)
        result.add("dead letters", "messages", servers.sql(_DEAD_LETTERS, PIPELINE))
        result.add("publisher late at most", "s", publisher.latest)
    judge(servers, times, publisher.published, result)
    return result


def prepare(servers: Servers) -> None:
    create_topic(servers.kafka.brokers, TOPIC_NAME, PARTITIONS, TOPIC)
    servers.sql("SELECT tide.outbox_create(%s)", OUTBOX)
    servers.pipeline(PIPELINE, OUTBOX, TOPIC_NAME)


def pending(servers: Servers) -> int:
    found: int = servers.sql("SELECT pending FROM tide.relay_status WHERE pipeline = %s", PIPELINE)
    return found


def drained(servers: Servers, backlog: int) -> float:
    """How many messages a second go when so many wait."""
    with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
        for first in range(-backlog, 0, 1000):
            publish(connection, first, 1000)
    began = time.monotonic()
    servers.sql("SELECT tide.relay_enable(%s)", PIPELINE)
    wait_until(lambda: pending(servers) == 0, "the backlog stays", PATIENCE)
    return backlog / (time.monotonic() - began)


def strike(servers: Servers, relay: Relay, minutes: float, result: Result) -> Times:
    """Have the broker away, and wait until what arrived meanwhile has gone."""
    samples = Samples(relay.pid)
    samples.take()
    away = time.time()
    servers.kafka.stop()
    usage = servers.usage(relay.pid)
    began = time.monotonic()
    while time.monotonic() - began < minutes * 60:
        time.sleep(1)
        samples.take()
    lasted, used = time.monotonic() - began, usage.seconds()["relay"]
    said = servers.sql("SELECT state || ': ' || last_error FROM tide.relay_status")
    result.method += f" While it was away: {said}."
    result.add("relay CPU while waiting", "%", used / lasted * 100)
    result.add("relay memory before", "MB", samples.memory[0] / 1e6)
    result.add("relay memory grew by", "MB", (max(samples.memory) - samples.memory[0]) / 1e6)
    servers.kafka.start()
    back = time.time()
    wait_until(lambda: pending(servers) < 1000, "it does not catch up", PATIENCE)
    time.sleep(WARM + 5)
    samples.take()
    result.add("relay memory after", "MB", samples.memory[-1] / 1e6)
    return Times(away, back, time.time())


def judge(servers: Servers, times: Times, published: int, result: Result) -> None:
    """Read the topic: what is there, how fast it came, and when messages were prompt again."""
    delays: defaultdict[int, list[float]] = defaultdict(list)
    came: list[float] = []  # since it was back
    seen: set[int] = set()
    repeated, caught_up = 0, times.done
    for n, at, had in records(servers):
        repeated += n in seen
        if n >= 0:
            seen.add(n)
            delays[int(at)].append(had - at)
            if had >= times.back:
                came.append(had)
            if had > times.back and had - at < CAUGHT_UP:
                caught_up = min(caught_up, had)
    result.add("lost", "messages", published - len(seen))
    result.add("repeated", "messages", repeated)
    first = min(came, default=caught_up)
    result.add("first record after", "s", first - times.back)
    late = sum(had < caught_up for had in came)
    result.add("drains after", "messages/s", late / max(caught_up - first, 0.001))
    result.add("caught up after", "s", caught_up - times.back)
    slow = [s for s, found in delays.items() if percentile(found, 99) >= PROMPT]
    last = max((second for second in slow if second >= times.away), default=int(times.back))
    result.add("p99 under 50 ms after", "s", max(0.0, last + 1 - times.back))
    steady = [d for s, found in delays.items() if s < int(times.away) for d in found]
    result.add("p99 before", "ms", percentile(steady, 99) * 1000)


def records(servers: Servers) -> Iterator[tuple[int, float, float]]:
    """The number of each record, when it was published, and when the broker had it."""
    with Reader(servers.kafka.brokers, TOPIC_NAME) as reader:
        for record in reader.rest(PATIENCE):
            said = json.loads(record.value or b"")
            yield said["n"], said["at"], record.timestamp / 1000


def options() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.chaos.outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="without a broker")
    parser.add_argument("--rate", type=int, default=2000, help="messages/s that are published")
    parser.add_argument("--backlog", type=int, default=200_000, help="messages drained before")
    return parser


def main() -> None:
    """Run it, and fail where the promise is broken."""
    chosen: Namespace = options().parse_args()
    with Servers() as servers:
        result = outage(servers, chosen.minutes, chosen.rate, chosen.backlog)
    show(Console(), result)
    figures = {each.name: each.median for each in result.figures}
    sys.exit(bool(figures["lost"] or figures["dead letters"]))


if __name__ == "__main__":
    main()
