"""One drain: a backlog goes to topics, by a relay of its own or by the prototype; what it took."""

import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pg_tide.demo.watchdog import Watchdog
from tests.benchmarks.benches.turns import AT_LEAST_ONCE, EXACTLY_ONCE
from tests.benchmarks.report.figures import Point
from tests.benchmarks.stage.arrivals import Ends, Topics, require_once_each
from tests.benchmarks.stage.relay import ROOT, Relay
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.benchmarks.stage.usage import peak_memory
from tests.fixtures.topics import create_topic, delete_topic

UNITS = {
    "rate": "messages/s",
    "first record after": "s",
    "rate after the first record": "messages/s",
    "relay CPU": "us/message",
    "Postgres CPU": "us/message",
    "Kafka CPU": "us/message",
    "relay peak memory": "MB",
}
UNITS_OF_TRANSACTIONS = {
    "messages a transaction": "",
    "a transaction": "ms",
    "its intent": "ms",
    "its confirmation": "ms",
}
_PROTOTYPE = "tests.benchmarks.benches.prototype"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in an outbox, of which so much `arrives`, and how a pipeline carries it.

    The pipeline's topic has the name of the run and `suffix` behind it, which may be a template;
    `suffixes` are what this becomes.
    """

    outbox: str
    count: int
    arrives: int
    partitions: int = PARTITIONS
    options: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""
    suffixes: tuple[str, ...] = ("",)

    def topics(self, run: str) -> Topics:
        """The topics of a run."""
        return {run + suffix: self.partitions for suffix in self.suffixes}


@dataclass(slots=True)
class Drained:
    """What a run found, and how many messages had arrived by when, in seconds."""

    figures: dict[str, float]
    progress: list[Point]


class PrototypeProcess:
    """The prototype, ready to begin."""

    def __init__(self, servers: Servers, outbox: str, topic: str, partitions: int) -> None:
        where = (servers.postgres.url, servers.kafka.brokers, outbox, topic, str(partitions))
        self._process = subprocess.Popen(
            [sys.executable, "-m", _PROTOTYPE, *where],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._watchdog = Watchdog(signal.SIGKILL)
        self._watchdog.guard(self._process.pid)
        self._hear("ready")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def peak_memory(self) -> int:
        """The most bytes that it has had resident."""
        return peak_memory(self.pid)

    def begin(self) -> None:
        """Let it run."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")

    def finished(self) -> bool:
        """Whether it says that it has sent everything; RuntimeError if it died."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], 0)[0]:
            return False
        self._hear("done")
        return True

    def _hear(self, word: str) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline().decode().strip() != word:
            raise RuntimeError("the prototype failed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._watchdog.close()


def by_relay(servers: Servers, backlog: Backlog, run: str, kind: str = AT_LEAST_ONCE) -> Drained:
    """Deliver a backlog by a new pipeline of a new relay, and prove that it arrived."""
    topics = backlog.topics(run)
    ends = _created(servers, topics)
    options = {**backlog.options, **({} if kind == AT_LEAST_ONCE else {"delivery": kind})}
    servers.pipeline(run, backlog.outbox, run + backlog.suffix, options)

    def begin() -> None:
        servers.sql("select tide.relay_enable(%s)", run)

    with servers.relay() as relay:
        drained = timed(servers, relay, ends, backlog, begin, lambda: servers.pending(run) == 0)
        if kind == EXACTLY_ONCE:
            drained.figures |= _transactions(relay, backlog.count)
    for name in ("CPU", "peak memory"):
        drained.figures[f"relay {name}"] = drained.figures.pop(name)
    _prove(servers, topics, backlog.arrives)
    servers.sql("select tide.relay_delete(%s, true)", run)
    return drained


def by_prototype(servers: Servers, backlog: Backlog, run: str) -> Drained:
    """Deliver all of a backlog by the prototype, to one topic."""
    topics = {run: backlog.partitions}
    ends = _created(servers, topics)
    whole = Backlog(backlog.outbox, backlog.count, backlog.count, backlog.partitions)
    with PrototypeProcess(servers, backlog.outbox, run, backlog.partitions) as prototype:
        drained = timed(servers, prototype, ends, whole, prototype.begin, prototype.finished)
    _prove(servers, topics, backlog.count)
    return drained


def timed(
    servers: Servers,
    process: Relay | PrototypeProcess,
    ends: Ends,
    backlog: Backlog,
    begin: Callable[[], None],
    complete: Callable[[], bool],
) -> Drained:
    """Begin, and look at the ends of the topics until it is `complete`."""
    grew: list[tuple[float, int]] = []
    used: dict[str, float] = {}
    memory: list[int] = []

    def note(now: float, found: Counter[str]) -> None:
        grew.append((now, found.total()))
        if found.total() >= backlog.arrives:  # it may be the end
            used.update(usage.seconds())
            memory.append(process.peak_memory)

    usage = servers.usage(process.pid)
    began = time.monotonic()
    begin()
    ends.wait(note, complete)
    return Drained(
        _figures(backlog, began, grew)
        | {"peak memory": memory[-1] / 1e6, "CPU": used.pop("relay") / backlog.count * 1e6}
        | {f"{who} CPU": seconds / backlog.count * 1e6 for who, seconds in used.items()},
        [(now - began, float(found)) for now, found in grew],
    )


def _figures(backlog: Backlog, began: float, grew: list[tuple[float, int]]) -> dict[str, float]:
    """The rates, in messages of the backlog, also those that do not arrive."""
    (first, at_once), (last, _) = grew[0], grew[-1]
    share = backlog.count / backlog.arrives
    later = (backlog.arrives - at_once) * share
    return {
        "rate": backlog.count / (last - began),
        "first record after": first - began,
        "rate after the first record": later / (last - first) if last > first else 0.0,
    }


def _created(servers: Servers, topics: Topics) -> Ends:
    for topic, partitions in topics.items():
        create_topic(servers.kafka.brokers, topic, partitions)
    return Ends(servers.kafka.brokers, topics)


def _prove(servers: Servers, topics: Topics, arrives: int) -> None:
    require_once_each(servers.kafka.brokers, topics, arrives)
    for topic in topics:
        delete_topic(servers.kafka.brokers, topic)


def _transactions(relay: Relay, count: int) -> dict[str, float]:
    """Means over a run."""
    transactions, seconds = relay.stage("transact")
    intents, intending = relay.stage("intend")
    confirmations, confirming = relay.stage("commit")
    return {
        "messages a transaction": count / transactions,
        "a transaction": seconds / transactions * 1000,
        "its intent": intending / intents * 1000,
        "its confirmation": confirming / confirmations * 1000,
    }
