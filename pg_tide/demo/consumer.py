"""The demo's consumer: reads the topic with librdkafka, in a thread of its own."""

import queue
import threading
import time
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from pg_tide.demo.ledger import Seen
from pg_tide.demo.topic import QUIET
from pg_tide.errors import StartError

_SECONDS = 5.0
_EXCERPT = 400  # characters of a value
_MOST = 1_000  # records at a time


class Consumer:
    """Reads every partition of a topic from its present end, until `close()`.

    It belongs to no consumer group and stores no offsets. Raises StartError if the brokers do not
    say where the partitions end.
    """

    def __init__(self, brokers: str, topic: str) -> None:
        # Records arrive when there are some, but from the embedded broker when the wait is over.
        own = {"group.id": "pg-tide-demo", "enable.auto.commit": False, "fetch.wait.max.ms": 2}
        self._client = Client({**QUIET, **own, "bootstrap.servers": brokers})
        self._queue: queue.SimpleQueue[Seen] = queue.SimpleQueue()
        self._closing = threading.Event()
        self.problem: str | None = None
        try:
            self._client.assign(self._ends(topic))
        except KafkaException as error:
            self._client.close()
            text = f"topic {topic} on {brokers} cannot be read: {error.args[0].str()}"
            raise StartError(text) from error
        self._thread = threading.Thread(target=self._read, name="consumer", daemon=True)
        self._thread.start()

    def take(self) -> list[Seen]:
        """What was read since the last time."""
        return [self._queue.get() for _ in range(self._queue.qsize())]

    def close(self) -> None:
        """Stop reading."""
        self._closing.set()
        self._thread.join()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ends(self, topic: str) -> list[TopicPartition]:
        known = self._client.list_topics(topic, timeout=_SECONDS).topics[topic]
        if known.error is not None:
            raise KafkaException(known.error)
        ends = []
        for number in known.partitions:
            partition = TopicPartition(topic, number)
            found: Any = self._client.get_watermark_offsets(partition, timeout=_SECONDS)
            if found is None:  # its types do not say so, its documentation does
                raise KafkaException(KafkaError(KafkaError.REQUEST_TIMED_OUT))
            ends.append(TopicPartition(topic, number, found[1]))
        return ends

    def _read(self) -> None:
        while not self._closing.is_set():
            # `consume` alone would wait until there are as many as asked for.
            first = self._client.poll(0.1)
            if first is None:
                continue
            now = time.monotonic()
            for message in (first, *self._client.consume(_MOST, 0)):
                if (error := message.error()) is not None:
                    self.problem = error.str()
                else:
                    self.problem = None
                    self._queue.put(_seen(message, now))


def _seen(message: Message, now: float) -> Seen:
    headers = dict(message.headers() or [])
    return Seen(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        kafka_offset=message.offset() or 0,
        key=_text(message.key()),
        op=_text(headers.get("pg_tide_op")),
        value=_text(message.value())[:_EXCERPT],
        dedup_key=_text(headers.get("pg_tide_dedup_key")),
        at=now,
    )


def _text(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
