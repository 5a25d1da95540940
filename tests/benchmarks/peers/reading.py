"""`read`: measures what any relay brings to a topic: how fast, how late, what twice.

It begins to count when it is started, so start the relay in the same moment. Until the count is
there it only looks at the ends of the partitions, which costs next to nothing; then it reads
everything. With --live it reads from now on, and tells how late records are.
"""

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from rich.console import Console

from tests.benchmarks.peers.orders import number_of, sent_at
from tests.benchmarks.report import figures
from tests.benchmarks.report.figures import Result, percentile
from tests.benchmarks.stage.arrivals import Ends
from tests.benchmarks.stage.relay import wait_until
from tests.benchmarks.stage.usage import Usage, peak_memory

_SETTINGS = {
    "group.id": "unused",
    "enable.auto.commit": False,
    "isolation.level": "read_committed",
    "fetch.wait.max.ms": 10,
    "log_level": 0,
}
_PATIENCE = 60.0  # seconds without a record
_MANY = 10_000


def options() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks read", description=__doc__)
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT")
    parser.add_argument("--topic", required=True, help="empty, or, with --live, of any content")
    parser.add_argument("--count", type=int, required=True, help="of messages that were loaded")
    parser.add_argument("--live", action="store_true", help="measure how late records are")
    parser.add_argument("--pid", type=int, help="of the relay: tell its CPU time and memory too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    return parser


def main(arguments: Sequence[str]) -> None:
    """Read, and show what was found."""
    chosen = options().parse_args(arguments)
    usage = Usage({"relay": chosen.pid} if chosen.pid else {})
    began = time.monotonic()
    result = Result("read", f"{chosen.count:,} messages of topic {chosen.topic}.")
    values = list(_live(chosen, result) if chosen.live else _drained(chosen, result, began, usage))
    numbers = {number_of(value) for value in values}
    result.add("records", "", len(values))
    result.add("repeated", "", len(values) - len(numbers))
    result.add("missing", "", chosen.count - len(numbers))
    if chosen.live:
        _add_usage(chosen, result, usage)
    figures.show(Console(), result)
    if chosen.json:
        figures.write(chosen.json, [result])


def _drained(
    chosen: Namespace, result: Result, began: float, usage: Usage
) -> Iterator[bytes | None]:
    """Wait for all messages, then yield the records' values."""
    grew: list[tuple[float, int]] = []

    def note(now: float, found: Counter[str]) -> None:
        grew.append((now, found.total()))

    partitions = _partitions(chosen)
    ends = Ends(chosen.brokers, {chosen.topic: len(partitions)})
    ends.wait(note, enough=chosen.count)
    _add_usage(chosen, result, usage)
    (first, at_once), (last, found) = grew[0], grew[-1]
    result.add("first record after", "s", first - began)
    result.add("rate", "messages/s", found / (last - began))
    if last > first:
        result.add("rate after the first record", "messages/s", (found - at_once) / (last - first))
    for each in partitions:
        each.offset = 0
    for _, value in _records(chosen, partitions):
        yield value


def _live(chosen: Namespace, result: Result) -> Iterator[bytes | None]:
    """Yield values as they arrive, then add how late they were."""
    partitions = _partitions(chosen)
    for each in partitions:
        each.offset = OFFSET_END
    late = []
    for at, value in _records(chosen, partitions):
        late.append((at - sent_at(value)) * 1000)
        yield value
    for percent in (50, 99):
        result.add(f"p{percent}", "ms", percentile(late, percent))
    result.add("max", "ms", max(late))


def _records(
    chosen: Namespace, partitions: list[TopicPartition]
) -> Iterator[tuple[float, bytes | None]]:
    """Yield so many records as were asked for, and what comes at once behind them."""
    consumer = Consumer({**_SETTINGS, "bootstrap.servers": chosen.brokers})
    consumer.assign(partitions)
    count, heard = 0, time.monotonic()
    while count < chosen.count and time.monotonic() < heard + _PATIENCE:
        first = consumer.poll(0.05)
        if first is None:
            continue
        at, heard = time.time(), time.monotonic()
        for message in (first, *consumer.consume(_MANY, 0)):
            if message.error() is not None:
                raise KafkaException(message.error())
            count += 1
            yield at, message.value()
    consumer.close()


def _partitions(chosen: Namespace) -> list[TopicPartition]:
    """The partitions of the topic, waiting for it."""
    admin = AdminClient({"bootstrap.servers": chosen.brokers, "log_level": 0})

    def known() -> Sequence[int]:
        topic = admin.list_topics(timeout=10).topics.get(chosen.topic)
        return () if topic is None or topic.error else sorted(topic.partitions)

    wait_until(known, f"topic {chosen.topic} does not exist")
    return [TopicPartition(chosen.topic, number) for number in known()]


def _add_usage(chosen: Namespace, result: Result, usage: Usage) -> None:
    for seconds in usage.seconds().values():
        result.add("relay CPU", "us/message", seconds / chosen.count * 1e6)
        result.add("relay peak memory", "MB", peak_memory(chosen.pid) / 1e6)
