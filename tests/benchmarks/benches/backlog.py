"""`backlog`: whether a long one drains like a short one, and begins as soon."""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.benchmarks.report.figures import Point, Result, thinned
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.arrivals import Ends
from tests.benchmarks.stage.relay import Relay
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.fixtures.topics import create_topic, delete_topic

_SHARE = 10  # the short backlog is that part of the long one
_UNITS = {
    "first record after": "s",
    "rate": "messages/s",
    "relay CPU": "us/message",
    "relay peak memory": "MB",
}


def backlog(servers: Servers, count: int, runs: int) -> Result:
    """Begin to drain `count` small messages, `runs` times, and a short backlog in turn."""
    some = count // _SHARE
    for outbox, waiting in (("long", count), ("short", some)):
        servers.sql("select tide.outbox_create(%s)", outbox)
        messages.load_small(servers.postgres.url, outbox, waiting)
    _begun(servers, "short", "warm-up", some)  # Kafka's compiler has to see it first
    found: dict[str, list[Begun]] = {"long": [], "short": []}
    for number in range(runs):
        for outbox, several in found.items():
            several.append(_begun(servers, outbox, f"{outbox}-{number}", some))
    return _result(count, some, found)


def _result(count: int, some: int, found: dict[str, list["Begun"]]) -> Result:
    result = Result(
        "backlog",
        f"{count:,} messages of {messages.SMALL} B wait in an outbox, and {some:,} of the same in "
        f"another; of each the first {some:,} are delivered, in turn, by a pipeline with default "
        f"options that is enabled anew. Rates and CPU are of those, from the enabling on. Memory "
        f"is the most that the relay had by then. Kafka is warm.",
    )
    longs, shorts = ([begun.figures() for begun in found[name]] for name in ("long", "short"))
    result.add_runs(longs, _UNITS)
    named = [{f"short: {name}": value for name, value in run.items()} for run in shorts]
    result.add_runs(named, {f"short: {name}": unit for name, unit in _UNITS.items()})
    ratios = (a["rate"] / b["rate"] * 100 for a, b in zip(longs, shorts, strict=True))
    result.add("rate / that of a short backlog", "%", *ratios)
    for name, several in found.items():
        result.draw(f"{name} backlog", "s", "messages", several[-1].progress())
    return result


@dataclass(slots=True)
class Begun:
    """What was seen of the first messages."""

    began: float
    grew: list[tuple[float, int]] = field(default_factory=list)
    cpu: float = 0.0
    memory: int = 0

    def figures(self) -> dict[str, float]:
        """Return them by name."""
        (first, _), (last, arrived) = self.grew[0], self.grew[-1]
        return {
            "first record after": first - self.began,
            "rate": arrived / (last - self.began),
            "relay CPU": self.cpu / arrived * 1e6,
            "relay peak memory": self.memory / 1e6,
        }

    def progress(self) -> list[Point]:
        """Return how many had arrived by when."""
        points = [(at - self.began, float(arrived)) for at, arrived in self.grew]
        return [(0.0, 0.0), *thinned(points)]


def _begun(servers: Servers, outbox: str, run: str, some: int) -> Begun:
    topics = {run: PARTITIONS}
    create_topic(servers.kafka.brokers, run, PARTITIONS)
    servers.pipeline(run, outbox, run)
    ends = Ends(servers.kafka.brokers, topics)
    with servers.relay() as relay:
        begun = _watched(servers, relay, ends, run, some)
        servers.sql("select tide.relay_disable(%s)", run)
    servers.sql("select tide.relay_delete(%s, true)", run)
    delete_topic(servers.kafka.brokers, run)
    return begun


def _watched(servers: Servers, relay: Relay, ends: Ends, run: str, some: int) -> Begun:
    usage = servers.usage(relay.pid)
    begun = Begun(time.monotonic())

    def note(now: float, found: Counter[str]) -> None:
        begun.grew.append((now, found.total()))
        begun.cpu, begun.memory = usage.seconds()["relay"], relay.peak_memory

    servers.sql("select tide.relay_enable(%s)", run)
    ends.wait(note, enough=some)
    return begun
