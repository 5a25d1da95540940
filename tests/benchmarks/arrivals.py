"""What a topic has for read_committed consumers: how much, looked at cheaply; and what exactly."""

import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from tests.benchmarks.consumer import id_of
from tests.benchmarks.servers import PARTITIONS, wait_until

LOOK = 0.01  # seconds between looks at a topic
_QUIET = 0.3  # seconds without a change, before it is asked whether that is all
_PATIENCE = 30.0  # seconds without a change
_MANY = 10_000  # records read at a time
_SETTINGS = {"group.id": "unused", "isolation.level": "read_committed"}


class Ends:
    """The ends of a topic's partitions, as read_committed consumers see them.

    Markers of transactions count like records; what is not committed yet does not.
    """

    def __init__(self, brokers: str, topic: str) -> None:
        self._consumer = Consumer({**_SETTINGS, "bootstrap.servers": brokers})
        self._partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        wait_until(self._answers, f"topic {topic} has no leaders")

    def sum(self) -> int:
        """Return the sum over the partitions."""
        ends = (self._consumer.get_watermark_offsets(each, 30) for each in self._partitions)
        return sum(end for _, end in ends)

    def _answers(self) -> bool:
        try:
            return self.sum() == 0
        except KafkaException:  # a new topic's leaders are a moment late
            return False

    def wait(self, grown: Callable[[float, int], None], complete: Callable[[], bool]) -> None:
        """Call `grown` with the time and the sum whenever that grew, until all are there.

        The time is of time.monotonic(). `complete` is asked when nothing has changed for a
        while. TimeoutError when nothing changes and it never is.
        """
        before, since = 0, time.monotonic()
        while True:
            found, now = self.sum(), time.monotonic()
            if found > before:
                grown(now, found)
                before, since = found, now
            elif now - since > _QUIET and complete():
                return
            elif now - since > _PATIENCE:
                raise TimeoutError(f"the ends' sum is {found}, for {_PATIENCE:.0f} s already")
            time.sleep(LOOK)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


def require_once_each(brokers: str, topic: str, count: int) -> None:
    """Read a topic from its start to its end: RuntimeError unless it has `count` messages once."""
    consumer = Consumer({**_SETTINGS, "bootstrap.servers": brokers, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    ids: set[int] = set()
    records, ended, deadline = 0, 0, time.monotonic() + _PATIENCE
    while ended < PARTITIONS:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{topic} does not end, after {records} records")
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
    if (records, len(ids)) != (count, count):
        raise RuntimeError(f"{records} records of {len(ids)} messages, not {count} of each")
