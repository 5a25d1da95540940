"""What topics have for read_committed consumers: how much, looked at cheaply; and what exactly."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from tests.benchmarks.stage.consumer import id_of
from tests.benchmarks.stage.relay import wait_until

LOOK = 0.01  # seconds between looks at topics
_QUIET = 0.3  # seconds without a change, before it is asked whether that is all
_PATIENCE = 60.0  # seconds without a change
_MANY = 10_000  # records read at a time
_SETTINGS = {"group.id": "unused", "isolation.level": "read_committed"}
Topics = Mapping[str, int]  # how many partitions each has


class Ends:
    """The ends of topics' partitions, as read_committed consumers see them.

    Markers of transactions count like records; what is not committed yet does not.
    """

    def __init__(self, brokers: str, topics: Topics) -> None:
        self._admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        self._latest = {
            TopicPartition(topic, number): latest
            for topic, partitions in topics.items()
            for number in range(partitions)
        }
        wait_until(self._answers, f"{', '.join(topics)}: no leaders")

    def by_topic(self) -> Counter[str]:
        """Return the sum over the partitions of each topic."""
        found: Counter[str] = Counter()
        asked = self._admin.list_offsets(
            self._latest,
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=30,
        )
        for partition, answer in asked.items():
            found[partition.topic] += answer.result().offset
        return found

    def _answers(self) -> bool:
        try:
            self.by_topic()
        except KafkaException:  # a new topic's leaders are a moment late
            return False
        return True

    def wait(
        self,
        grown: Callable[[float, Counter[str]], None],
        complete: Callable[[], bool] = lambda: False,
        enough: float = math.inf,
    ) -> None:
        """Call `grown` with the time and the ends whenever these grew, until there is `enough`.

        The time is of time.monotonic(). `complete` is asked when nothing has changed for a
        while: whether that is all. TimeoutError when nothing changes and it is not.
        """
        before, since = 0, time.monotonic()
        while True:
            found, now = self.by_topic(), time.monotonic()
            if (total := found.total()) > before:
                grown(now, found)
                before, since = total, now
                if total >= enough:
                    return
            elif now - since > _QUIET and complete():
                return
            elif now - since > _PATIENCE:
                raise TimeoutError(f"the ends' sum is {total}, for {_PATIENCE:.0f} s already")
            time.sleep(LOOK)


def require_once_each(brokers: str, topics: Topics, count: int) -> None:
    """Read topics from start to end: RuntimeError unless they have `count` messages, each once."""
    records, ids = _read_all(brokers, topics)
    if (records, len(ids)) != (count, count):
        raise RuntimeError(f"{records} records of {len(ids)} messages, not {count} of each")


def _read_all(brokers: str, topics: Topics) -> tuple[int, set[int]]:
    consumer = Consumer({**_SETTINGS, "bootstrap.servers": brokers, "enable.partition.eof": True})
    partitions = [TopicPartition(name, each, 0) for name, n in topics.items() for each in range(n)]
    consumer.assign(partitions)
    ids: set[int] = set()
    records, ended, deadline = 0, 0, time.monotonic() + _PATIENCE
    while ended < len(partitions):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{', '.join(topics)}: no end, after {records} records")
        for message in consumer.consume(_MANY, 1.0):
            error = message.error()
            if error is None:
                records += 1
                ids.add(id_of(message))
                deadline = time.monotonic() + _PATIENCE
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - public in C
                ended += 1
            else:
                raise KafkaException(error)
    consumer.close()
    return records, ids
