"""`pipelines`: one relay, and the same messages spread over ever more pipelines, all busy."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence

from tests.benchmarks.benches.draining import Backlog, by_prototype
from tests.benchmarks.report.figures import Point, Result
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.arrivals import Ends, require_once_each
from tests.benchmarks.stage.relay import Relay
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.fixtures.topics import create_topic, delete_topic

COUNTS = (1, 10, 100)
_PENDING = "select coalesce(sum(pending), 0) from tide.relay_status"
_ENABLE = "select tide.relay_enable(pipeline) from tide.relay_status"
_UNITS = {
    "rate": "messages/s",
    "slowest / mean": "%",
    "relay CPU": "us/message",
    "relay peak memory": "MB",
}


def pipelines(servers: Servers, count: int, runs: int) -> Result:
    """Drain `count` messages through 1, 10 and 100 pipelines at once."""
    result = Result(
        "pipelines",
        f"{count:,} messages of {messages.SIZE} B, spread evenly over 1, 10 and 100 outboxes, each "
        f"with a pipeline and a topic of {PARTITIONS} partitions of its own; all are enabled at "
        f"once, on one relay, with default options. The rate is of all together. The slowest is "
        f"the pipeline that ended last: its own rate beside the mean of all. Kafka is warm.",
    )
    alone: Sequence[float] = ()
    rates: list[Point] = []
    memory: list[Point] = []
    for number in COUNTS:
        found = _runs(servers, number, count // number, runs)
        result.add_runs(
            [{f"{number}: {name}": value for name, value in run.items()} for run in found],
            {f"{number}: {name}": unit for name, unit in _UNITS.items() if name in found[0]},
        )
        rate = [run["rate"] for run in found]
        alone = alone or rate
        if number > 1:
            ratios = (now / one * 100 for now, one in zip(rate, alone, strict=True))
            result.add(f"{number}: rate / that of one", "%", *ratios)
        rates.append((number, sum(rate) / runs))
        memory.append((number, max(run["relay peak memory"] for run in found)))
    result.draw("all together", "pipelines", "messages/s", rates)
    result.draw("the relay", "pipelines", "MB", memory)
    return result


def _runs(servers: Servers, number: int, each: int, runs: int) -> list[dict[str, float]]:
    names = [f"shared-{number}-{place}" for place in range(number)]
    for name in names:
        servers.sql("select tide.outbox_create(%s)", name)
        messages.load(servers.postgres.url, name, each)
    if number == COUNTS[0]:  # Kafka's compiler has to see it first
        by_prototype(servers, Backlog(names[0], each, each), "warm-up")
    found = [_run(servers, names, each) for _ in range(runs)]
    for name in names:
        servers.sql("select tide.outbox_drop(%s, force => true)", name)
    return found


def _run(servers: Servers, names: list[str], each: int) -> dict[str, float]:
    for name in names:
        create_topic(servers.kafka.brokers, name, PARTITIONS)
        servers.pipeline(name, name, name)
    topics = dict.fromkeys(names, PARTITIONS)
    ends = Ends(servers.kafka.brokers, topics)
    with servers.relay() as relay:
        found = _measured(servers, relay, ends, len(names) * each, len(names))
    require_once_each(servers.kafka.brokers, topics, len(names) * each)
    for name in names:
        servers.sql("select tide.relay_delete(%s, true)", name)
        delete_topic(servers.kafka.brokers, name)
    return found


def _measured(
    servers: Servers, relay: Relay, ends: Ends, total: int, number: int
) -> dict[str, float]:
    grew: list[tuple[float, Counter[str]]] = []
    used: list[float] = []

    def note(now: float, found: Counter[str]) -> None:
        grew.append((now, found))
        if found.total() >= total:
            used.append(usage.seconds()["relay"])

    usage = servers.usage(relay.pid)
    began = time.monotonic()
    servers.sql(_ENABLE)
    ends.wait(note, lambda: servers.sql(_PENDING) == 0)
    found = {
        "rate": total / (grew[-1][0] - began),
        "relay CPU": used[-1] / total * 1e6,
        "relay peak memory": relay.peak_memory / 1e6,
    }
    if number > 1:
        found["slowest / mean"] = share_of_slowest(grew, total // number, began)
    return found


def share_of_slowest(grew: Sequence[tuple[float, Counter[str]]], each: int, began: float) -> float:
    """The least rate of a pipeline, in percent of the mean of all."""
    ended: dict[str, float] = {}
    for at, found in grew:
        for topic, count in found.items():
            if count >= each:
                ended.setdefault(topic, at)
    rates = [each / (at - began) for at in ended.values()]
    return min(rates) / statistics.fmean(rates) * 100
