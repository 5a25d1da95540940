"""`latency`: from a publisher's commit to a consumer, at a steady rate.

Publishing runs in this process and consuming in another, both by CLOCK_MONOTONIC. What the
brokers and the consumer take of it is measured too, with a producer that is not the relay.
"""

import asyncio
import time
from collections.abc import Iterator

import asyncpg
from confluent_kafka import Producer

from tests.benchmarks import delivery, messages
from tests.benchmarks.consumer import Watcher
from tests.benchmarks.delivery import AT_LEAST_ONCE, KINDS
from tests.benchmarks.figures import Result, percentile
from tests.benchmarks.servers import PARTITIONS, Relay, Servers
from tests.fixtures.topics import create_topic

_CONNECTIONS = 8
_WARM_UP = 2.0  # seconds, not counted
_FLOOR_TOPIC = "latency-floor"
_PUBLISH = "select tide.outbox_publish($1, $2::text::jsonb, $3)"
_UNITS = {
    "p50": "ms",
    "p99": "ms",
    "max": "ms",
    "published": "messages/s",
    "publishing, p50": "ms",
    "relay CPU": "us/message",
    "Postgres CPU": "us/message",
    "Kafka CPU": "us/message",
}
Published = dict[int, tuple[float, float]]  # by message id: statement sent, commit returned


def latency(
    servers: Servers, rate: int, seconds: float, runs: int, choice: str = AT_LEAST_ONCE
) -> Result:
    """Publish `rate` messages a second for `seconds`, each in a transaction of its own."""
    create_topic(servers.kafka.brokers, _FLOOR_TOPIC, PARTITIONS)
    _floor(servers, rate, seconds)  # Kafka's compiler has to see it first
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in delivery.kinds(choice)}
    for kind in found:
        _prepare(servers, kind)
    with servers.relay() as relay:
        for kind, _ in delivery.in_turn(choice, runs):
            found[kind].append(_run(servers, relay, kind, rate, seconds))
    floor = _floor(servers, rate, seconds)
    result = Result(
        "latency",
        f"{rate:,} messages/s of {messages.SIZE} B for {seconds:.0f} s, evenly paced over "
        f"{_CONNECTIONS} connections, a transaction each; default options, delivery "
        f"{' and '.join(found)}. From the return of COMMIT until a read_committed librdkafka "
        f"consumer in another process has the record. The harness takes part on both ends: what "
        f"it takes is in 'Kafka alone', the same consumer behind librdkafka's own producer at the "
        f"same rate, from produce(); while a publisher that wakes late after its commit makes the "
        f"figures smaller, never larger. Kafka is warm, and the first {_WARM_UP:.0f} s of each "
        f"run are not counted.",
    )
    delivery.add(result, found, dict.fromkeys(KINDS, _UNITS))
    for name, value in floor.items():
        result.add(f"Kafka alone, {name}", "ms", value)
    return result


def _prepare(servers: Servers, kind: str) -> None:
    """An outbox, a pipeline and a topic, all three of one name."""
    create_topic(servers.kafka.brokers, kind, PARTITIONS)
    servers.sql("select tide.outbox_create(%s)", kind)
    servers.pipeline(kind, kind, kind, kind)
    servers.sql("select tide.relay_enable(%s)", kind)


def _run(servers: Servers, relay: Relay, kind: str, rate: int, seconds: float) -> dict[str, float]:
    with Watcher(servers.kafka.brokers, kind) as watcher:
        usage = servers.usage(relay)
        published = asyncio.run(_publish(servers.postgres.url, kind, rate, seconds + _WARM_UP))
        seen = watcher.seen(len(published))
        cpu = {f"{who} CPU": used / len(published) * 1e6 for who, used in usage.seconds().items()}
    if seen.keys() != published.keys():
        raise RuntimeError(f"{len(published)} messages published, {len(seen)} seen")
    counted = _counted(published)
    span = max(times[1] for times in counted.values()) - min(t[0] for t in counted.values())
    delays = [seen[each] - committed for each, (_, committed) in counted.items()]
    publishing = [committed - sent for sent, committed in counted.values()]
    return {
        **_spread(delays),
        "published": len(counted) / span,
        "publishing, p50": percentile(publishing, 50) * 1000,
        **cpu,
    }


def _counted(published: Published) -> Published:
    begin = min(sent for sent, _ in published.values()) + _WARM_UP
    return {each: times for each, times in published.items() if times[0] >= begin}


def _spread(delays: list[float]) -> dict[str, float]:
    found = {"p50": percentile(delays, 50), "p99": percentile(delays, 99), "max": max(delays)}
    return {name: seconds * 1000 for name, seconds in found.items()}


async def _publish(url: str, outbox: str, rate: int, seconds: float) -> Published:
    """Publish at a steady rate, connections taking turns."""
    published: Published = {}
    work = list(messages.orders(int(rate * seconds)))
    connections = [await asyncpg.connect(url) for _ in range(_CONNECTIONS)]
    begin = time.monotonic() + 0.1

    async def publish(turn: int) -> None:
        publish_one = await connections[turn].prepare(_PUBLISH)
        for number in range(turn, len(work), _CONNECTIONS):
            await asyncio.sleep(begin + number / rate - time.monotonic())
            sent = time.monotonic()
            new_id = await publish_one.fetchval(outbox, *work[number])
            published[new_id] = (sent, time.monotonic())

    await asyncio.gather(*map(publish, range(_CONNECTIONS)))
    for connection in connections:
        await connection.close()
    return published


def _floor(servers: Servers, rate: int, seconds: float) -> dict[str, float]:
    """The same from librdkafka's producer: no PostgreSQL, no relay."""
    prompt = {"linger.ms": 0, "socket.nagle.disable": True, "log_level": 0}
    brokers = {"bootstrap.servers": servers.kafka.brokers}
    producer = Producer({**brokers, **prompt, "enable.idempotence": True})
    sent: Published = {}
    with Watcher(servers.kafka.brokers, _FLOOR_TOPIC) as watcher:
        for number, (payload, key) in _paced(rate, seconds + _WARM_UP):
            now = time.monotonic()
            headers: list[tuple[str, str | bytes | None]] = [("pg_tide_id", f"floor:{number}")]
            producer.produce(_FLOOR_TOPIC, payload, key, headers=headers)
            sent[number] = (now, now)
            producer.poll(0)
        producer.flush(30)
        seen = watcher.seen(len(sent))
    return _spread([seen[each] - times[1] for each, times in _counted(sent).items()])


def _paced(rate: int, seconds: float) -> Iterator[tuple[int, tuple[str, str]]]:
    begin = time.monotonic()
    for number, each in enumerate(messages.orders(int(rate * seconds))):
        time.sleep(max(0.0, begin + number / rate - time.monotonic()))
        yield number, each
