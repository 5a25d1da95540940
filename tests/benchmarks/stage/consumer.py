"""A consumer in a process of its own: when it saw which message, by the clock all processes share.

It neither waits for Python's lock nor makes the publisher wait for it.
"""

import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Self

from confluent_kafka import OFFSET_END, Consumer, Message, TopicPartition

from tests.benchmarks.stage.servers import PARTITIONS

_HEADER = "pg_tide_id"
_SETTINGS = {
    "group.id": "unused",
    "enable.auto.commit": False,
    "isolation.level": "read_committed",
    "fetch.wait.max.ms": 10,
    "socket.nagle.disable": True,
    "log_level": 0,
}
_READY_SECONDS = 30.0
_SETTLE_SECONDS = 1.0  # for it to have looked up the end of each partition
_PATIENCE = 30.0
_MANY = 1000  # records taken at once


class Watcher:
    """Sees every record of a topic from now on. A context manager."""

    def __init__(self, brokers: str, topic: str) -> None:
        spawn = get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_watch, args=(brokers, topic, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        if not self._pipe.poll(_READY_SECONDS):
            raise TimeoutError("the consumer does not start")
        self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def seen(self, count: int) -> dict[int, float]:
        """Return when each message was seen, by id, waiting until `count` were."""
        self._pipe.send(count)
        if not self._pipe.poll(_PATIENCE * 2):
            raise TimeoutError("the consumer does not answer")
        found: dict[int, float] = self._pipe.recv()
        return found


def _watch(brokers: str, topic: str, pipe: Connection) -> None:
    consumer = Consumer({**_SETTINGS, "bootstrap.servers": brokers})
    consumer.assign([TopicPartition(topic, each, OFFSET_END) for each in range(PARTITIONS)])
    consumer.poll(_SETTLE_SECONDS)
    pipe.send("ready")
    seen: dict[int, float] = {}
    enough, deadline = None, 0.0
    while enough is None or (len(seen) < enough and time.monotonic() < deadline):
        if first := consumer.poll(0.05):
            arrived = time.monotonic()  # and what is there behind it has arrived by now
            _note([first, *consumer.consume(_MANY, 0)], arrived, seen)
        elif enough is None and pipe.poll():
            enough, deadline = pipe.recv(), time.monotonic() + _PATIENCE
    consumer.close()
    pipe.send(seen)


def _note(messages: list[Message], arrived: float, seen: dict[int, float]) -> None:
    for message in messages:
        if message.error() is None:
            if (found := id_of(message)) in seen:
                raise RuntimeError(f"message {found} arrived twice")
            seen[found] = arrived


def id_of(message: Message) -> int:
    """Return the number behind the outbox's name in the header `pg_tide_id`."""
    headers = message.headers()
    assert isinstance(headers, list)
    for name, value in headers:
        if name == _HEADER and isinstance(value, bytes):
            return int(value.rpartition(b":")[2])
    raise ValueError(f"a record without {_HEADER}")
