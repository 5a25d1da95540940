"""`drain`: how fast a backlog goes, and what that costs."""

import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.benchmarks import messages
from tests.benchmarks.figures import Result
from tests.benchmarks.servers import PARTITIONS, Relay, Servers, wait_until
from tests.fixtures.topics import create_topic, delete_topic

_OUTBOX = "orders"
_LOOK = 0.01  # seconds between looks at the topic
_PATIENCE = 30.0  # seconds without a new record
_UNITS = {
    "rate": "messages/s",
    "first record after": "s",
    "rate after the first record": "messages/s",
    "relay CPU": "us/message",
    "Postgres CPU": "us/message",
    "Kafka CPU": "us/message",
    "relay peak memory": "MB",
}


class Ends:
    """The end of a topic: how many records were ever appended to it."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": "unused"})
        self._partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        wait_until(self._answers, f"topic {topic} has no leaders")

    def records(self) -> int:
        """Return the sum of the high watermarks."""
        ends = (self._consumer.get_watermark_offsets(each, 30) for each in self._partitions)
        return sum(high for _, high in ends)

    def _answers(self) -> bool:
        try:
            return self.records() == 0
        except KafkaException:  # a new topic's leaders are a moment late
            return False

    def wait(self, enough: Callable[[int], bool]) -> float:
        """Return when it has enough records, as time.monotonic(); TimeoutError without news."""
        before, deadline = 0, time.monotonic() + _PATIENCE
        while not enough(found := self.records()):
            if found > before:
                before, deadline = found, time.monotonic() + _PATIENCE
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found} records, and no more for {_PATIENCE:.0f} s")
            time.sleep(_LOOK)
        return time.monotonic()

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


def drain(servers: Servers, count: int, runs: int) -> Result:
    """Deliver a backlog of `count` messages, `runs` times, by a relay of its own each."""
    servers.sql("select tide.outbox_create(%s)", _OUTBOX)
    messages.load(servers.postgres.url, _OUTBOX, count)
    found = [_run(servers, f"drain-{number}", count) for number in range(runs)]
    result = Result(
        "drain",
        f"{count:,} messages of {messages.SIZE} B with {messages.KEYS:,} keys wait in an outbox; "
        f"the pipeline is enabled, with default options (acks=all, idempotent, zstd), to a topic "
        f"of {PARTITIONS} partitions. Timed from there until the topic's high watermarks sum to "
        f"the count, looking every {_LOOK * 1000:.0f} ms. CPU is user and system time of the "
        "whole process, in the same span. Exactly the count arrived, each time.",
    )
    result.add_runs(found, _UNITS)
    return result


def _run(servers: Servers, name: str, count: int) -> dict[str, float]:
    create_topic(servers.kafka.brokers, name, PARTITIONS)
    servers.pipeline(name, _OUTBOX, name)
    ends = Ends(servers.kafka.brokers, name)
    try:
        with servers.relay() as relay:
            figures = _measure(servers, relay, ends, name, count)
        if (found := ends.records()) != count:
            raise RuntimeError(f"{found} records of {count} messages")
    finally:
        ends.close()
    servers.sql("select tide.relay_delete(%s, true)", name)
    delete_topic(servers.kafka.brokers, name)
    return figures


def _measure(servers: Servers, relay: Relay, ends: Ends, name: str, count: int) -> dict[str, float]:
    usage = servers.usage(relay)
    began = time.monotonic()
    servers.sql("select tide.relay_enable(%s)", name)
    first = ends.wait(lambda found: found > 0)
    last = ends.wait(lambda found: found >= count)
    cpu = {f"{who} CPU": seconds / count * 1e6 for who, seconds in usage.seconds().items()}
    peak = relay.peak_memory / 1e6
    wait_until(lambda: _pending(servers, name) == 0, "the position was not written")
    return {
        "rate": count / (last - began),
        "first record after": first - began,
        "rate after the first record": count / (last - first),
        "relay peak memory": peak,
        **cpu,
    }


def _pending(servers: Servers, name: str) -> int:
    found = servers.sql("select pending from tide.relay_status where pipeline = %s", name)
    return int(found)
