"""`latency`: from a publisher's commit to a consumer, at a steady rate.

Publishing runs in this process and consuming in another, both by CLOCK_MONOTONIC. What the
brokers and the consumer take of it is measured too, with a producer that is not the relay.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import asyncpg
from confluent_kafka import Producer

from tests.benchmarks.benches import turns
from tests.benchmarks.benches.turns import AT_LEAST_ONCE, KINDS
from tests.benchmarks.report.figures import Point, Result, percentile
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.consumer import Watcher
from tests.benchmarks.stage.relay import Relay
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.fixtures.topics import create_topic

_CONNECTIONS = 10
_WARM_UP = 2.0  # seconds, not counted
_MOST_COMMITS = 1000  # a second: more than that, two cores have better to do
_FLOOR_TOPIC = "latency-floor"
_PUBLISH = "select tide.outbox_publish($1, $2::text::jsonb, $3)"
_PUBLISH_SOME = (
    "select tide.outbox_publish($1, p::jsonb, k) from unnest($2::text[], $3::text[]) as m (p, k)"
)
_UNITS = {
    "p50": "ms",
    "p99": "ms",
    "max": "ms",
    "published": "messages/s",
    "publishing, p50": "ms",
    "relay CPU": "us/message",
    "Postgres CPU": "us/message",
    "Kafka CPU": "us/message",
    "relay peak memory": "MB",
}
_DRAWN = (*range(10, 100, 10), 95, 98, 99, 99.5, 99.9)
Published = dict[int, tuple[float, float]]  # by message id: statement sent, commit returned


@dataclass(frozen=True, slots=True)
class Pace:
    """So many messages a second for so many seconds, some of them in one transaction."""

    rate: int
    seconds: float

    @property
    def together(self) -> int:
        """How many messages a transaction has."""
        return -(-self.rate // _MOST_COMMITS)

    @property
    def transactions(self) -> int:
        """How many there are, those of the warm-up included."""
        return int(self.rate * (self.seconds + _WARM_UP)) // self.together

    def due(self, transaction: int) -> float:
        """When it is to be published, in seconds from the begin."""
        return transaction * self.together / self.rate

    def work(self) -> Iterator[list[tuple[str, str]]]:
        """Yield the payloads and keys of each transaction."""
        orders = messages.orders(self.transactions * self.together)
        for _ in range(self.transactions):
            yield [next(orders) for _ in range(self.together)]

    def told(self) -> str:
        """The same in words."""
        each = "one" if self.together == 1 else f"{self.together} messages"
        return (
            f"{self.rate:,} messages/s of {messages.SIZE} B for {self.seconds:.0f} s, evenly paced "
            f"over {_CONNECTIONS} connections, a transaction for each {each}"
        )


def latency(
    servers: Servers, name: str, pace: Pace, runs: int, choice: str = AT_LEAST_ONCE
) -> Result:
    """Publish at a pace, `runs` times."""
    create_topic(servers.kafka.brokers, _FLOOR_TOPIC, PARTITIONS)
    _floor(servers, pace)  # Kafka's compiler has to see it first
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in turns.kinds(choice)}
    curves: dict[str, list[Point]] = {}
    for kind in found:
        _prepare(servers, kind)
    with servers.relay() as relay:
        for kind, _ in turns.in_turn(list(found), runs):
            run, curves[kind] = _run(servers, relay, kind, pace)
            found[kind].append(run)
    delays = _floor(servers, pace)
    result = Result(name, _method(pace, list(found)))
    turns.add(result, found, dict.fromkeys(KINDS, _UNITS))
    for figure, value in _spread(delays).items():
        result.add(f"Kafka alone, {figure}", "ms", value)
    for kind, curve in {**curves, "Kafka alone": _curve(delays)}.items():
        result.draw(kind, "percent of messages", "ms", curve)
    return result


def _method(pace: Pace, kinds: list[str]) -> str:
    return (
        f"{pace.told()}; default options, delivery "
        f"{' and '.join(kinds)}. From the return of COMMIT until a read_committed librdkafka "
        f"consumer in another process has the record. The harness takes part on both ends: what "
        f"it takes is in 'Kafka alone', the same consumer behind librdkafka's own producer at the "
        f"same pace, from produce(); while a publisher that wakes late after its commit makes the "
        f"figures smaller, never larger. Kafka is warm, and the first {_WARM_UP:.0f} s of each "
        f"run are not counted."
    )


def _prepare(servers: Servers, kind: str) -> None:
    """An outbox, a pipeline and a topic, all three of one name."""
    create_topic(servers.kafka.brokers, kind, PARTITIONS)
    servers.sql("select tide.outbox_create(%s)", kind)
    servers.pipeline(kind, kind, kind, {"delivery": kind})
    servers.sql("select tide.relay_enable(%s)", kind)


def _run(
    servers: Servers, relay: Relay, kind: str, pace: Pace
) -> tuple[dict[str, float], list[Point]]:
    with Watcher(servers.kafka.brokers, kind) as watcher:
        usage = servers.usage(relay.pid)
        published = asyncio.run(_publish(servers.postgres.url, kind, pace))
        seen = watcher.seen(len(published))
        cpu = {f"{who} CPU": used / len(published) * 1e6 for who, used in usage.seconds().items()}
    if seen.keys() != published.keys():
        raise RuntimeError(f"{len(published)} messages published, {len(seen)} seen")
    counted = _counted(published)
    span = max(times[1] for times in counted.values()) - min(t[0] for t in counted.values())
    delays = [seen[each] - committed for each, (_, committed) in counted.items()]
    publishing = [committed - sent for sent, committed in counted.values()]
    figures = {
        **_spread(delays),
        "published": len(counted) / span,
        "publishing, p50": percentile(publishing, 50) * 1000,
        "relay peak memory": relay.peak_memory / 1e6,
        **cpu,
    }
    return figures, _curve(delays)


def _counted(published: Published) -> Published:
    begin = min(sent for sent, _ in published.values()) + _WARM_UP
    return {each: times for each, times in published.items() if times[0] >= begin}


def _spread(delays: list[float]) -> dict[str, float]:
    found = {"p50": percentile(delays, 50), "p99": percentile(delays, 99), "max": max(delays)}
    return {name: seconds * 1000 for name, seconds in found.items()}


def _curve(delays: list[float]) -> list[Point]:
    return [(percent, percentile(delays, percent) * 1000) for percent in _DRAWN]


async def _publish(url: str, outbox: str, pace: Pace) -> Published:
    """Publish at a steady rate, connections taking turns."""
    published: Published = {}
    values: list[Sequence[object]] = [
        some[0] if pace.together == 1 else [list(each) for each in zip(*some, strict=True)]
        for some in pace.work()
    ]
    connections = [await asyncpg.connect(url) for _ in range(_CONNECTIONS)]
    begin = time.monotonic() + 0.1

    async def publish(turn: int) -> None:
        alone = pace.together == 1
        statement = await connections[turn].prepare(_PUBLISH if alone else _PUBLISH_SOME)
        for number in range(turn, len(values), _CONNECTIONS):
            await asyncio.sleep(begin + pace.due(number) - time.monotonic())
            sent = time.monotonic()
            rows = await statement.fetch(outbox, *values[number])
            times = (sent, time.monotonic())
            published.update((row[0], times) for row in rows)

    await asyncio.gather(*map(publish, range(_CONNECTIONS)))
    for connection in connections:
        await connection.close()
    return published


def _floor(servers: Servers, pace: Pace) -> list[float]:
    """The same from librdkafka's producer: no PostgreSQL, no relay."""
    prompt = {"linger.ms": 0, "socket.nagle.disable": True, "log_level": 0}
    brokers = {"bootstrap.servers": servers.kafka.brokers}
    producer = Producer({**brokers, **prompt, "enable.idempotence": True})
    sent: Published = {}
    with Watcher(servers.kafka.brokers, _FLOOR_TOPIC) as watcher:
        for together in _paced(pace):
            now = time.monotonic()
            for payload, key in together:
                number = len(sent)
                headers: list[tuple[str, str | bytes | None]] = [("pg_tide_id", f"floor:{number}")]
                producer.produce(_FLOOR_TOPIC, payload, key, headers=headers)
                sent[number] = (now, now)
            producer.poll(0)
        producer.flush(30)
        seen = watcher.seen(len(sent))
    return [seen[each] - times[1] for each, times in _counted(sent).items()]


def _paced(pace: Pace) -> Iterator[list[tuple[str, str]]]:
    work = list(pace.work())
    begin = time.monotonic()
    for number, together in enumerate(work):
        time.sleep(max(0.0, begin + pace.due(number) - time.monotonic()))
        yield together
