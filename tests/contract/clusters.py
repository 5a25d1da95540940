"""Where Kafka is: a real one, or in memory. Both are used in one way."""

import asyncio
from collections import defaultdict
from typing import Protocol

from pg_tide.delivery import Delivery
from pg_tide.kafka import KafkaClient, Settings
from pg_tide.message import Record
from pg_tide.producer import Client
from pg_tide.testing import FakeKafka
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.topics import (
    add_partitions,
    create_again,
    delete_topic,
    read_all,
    recreate_topic,
)

REQUEST = 100_000  # bytes that a request may have
NOW_MS = 1_700_000_000_000
Stored = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...], int]


class Cluster(Protocol):
    """Brokers, and clients of them."""

    async def start(self) -> Client:
        """Start a client."""

    async def create_topic(self, partitions: int = 1, max_bytes: int | None = None) -> str:
        """Create a topic; its name."""

    async def add_partitions(self, topic: str, total: int) -> None:
        """Give a topic more partitions."""

    async def create_picky_topic(self, partitions: int = 1) -> str:
        """Create a topic that refuses some records; its name."""

    def bad(self, topic: str, value: bytes, partition_by: bytes = b"") -> Record:
        """A record that a picky topic refuses."""

    async def recreate(self, topic: str, partitions: int = 1) -> None:
        """Delete a topic and make it anew."""

    async def delete(self, topic: str) -> None:
        """Delete a topic; `restore` it before the test ends."""

    async def restore(self, topic: str) -> None:
        """Create a topic that was deleted."""

    async def stored(self, topic: str) -> dict[int, list[Stored]]:
        """What each partition that has any holds: key, value, headers, timestamp."""


class RealCluster:
    """Apache Kafka."""

    def __init__(self, brokers: str, topics: TopicFactory) -> None:
        self._brokers = brokers
        self._topics = topics

    async def start(self) -> Client:
        settings = Settings(
            brokers=(self._brokers,),
            client_id="contract",
            acks="all",
            idempotent=True,
            compression=None,
            max_request_size=REQUEST,
            request_timeout_ms=10_000,
            metadata_max_age_ms=300,
        )
        client = KafkaClient(settings)
        await client.start()
        return client

    async def create_topic(self, partitions: int = 1, max_bytes: int | None = None) -> str:
        config = {} if max_bytes is None else {"max.message.bytes": str(max_bytes)}
        return await asyncio.to_thread(self._topics, partitions, config)

    async def create_picky_topic(self, partitions: int = 1) -> str:
        return await asyncio.to_thread(self._topics, partitions, {"cleanup.policy": "compact"})

    def bad(self, topic: str, value: bytes, partition_by: bytes = b"") -> Record:
        return Record(topic, None, value, [], NOW_MS, partition_by)

    async def add_partitions(self, topic: str, total: int) -> None:
        await asyncio.to_thread(add_partitions, self._brokers, topic, total)

    async def delete(self, topic: str) -> None:
        await asyncio.to_thread(delete_topic, self._brokers, topic)

    async def restore(self, topic: str) -> None:
        await asyncio.to_thread(create_again, self._brokers, topic)

    async def recreate(self, topic: str, partitions: int = 1) -> None:
        await asyncio.to_thread(recreate_topic, self._brokers, topic, partitions)

    async def stored(self, topic: str) -> dict[int, list[Stored]]:
        found: dict[int, list[Stored]] = defaultdict(list)
        for record in await asyncio.to_thread(read_all, self._brokers, topic):
            one = (record.key, record.value, record.headers, record.timestamp)
            found[record.partition].append(one)
        return dict(found)


class FakeCluster:
    """Kafka in memory."""

    def __init__(self) -> None:
        self._kafka = FakeKafka(REQUEST)

    async def start(self) -> Client:
        return await self._kafka.start()

    async def create_topic(self, partitions: int = 1, max_bytes: int | None = None) -> str:
        name = f"topic-{len(self._kafka.topics)}"
        self._kafka.create_topic(name, partitions, max_bytes)
        return name

    async def create_picky_topic(self, partitions: int = 1) -> str:
        return await self.create_topic(partitions)

    def bad(self, topic: str, value: bytes, partition_by: bytes = b"") -> Record:
        self._kafka.bad_values.add(value)
        return Record(topic, None, value, [], NOW_MS, partition_by)

    async def add_partitions(self, topic: str, total: int) -> None:
        self._kafka.add_partitions(topic, total)

    async def delete(self, topic: str) -> None:
        del self._kafka.topics[topic]

    async def restore(self, topic: str) -> None:
        self._kafka.create_topic(topic)

    async def recreate(self, topic: str, partitions: int = 1) -> None:
        self._kafka.create_topic(topic, partitions)

    async def stored(self, topic: str) -> dict[int, list[Stored]]:
        partitions = enumerate(self._kafka.topics[topic].partitions)
        return {number: list(held) for number, held in partitions if held}


def record(topic: str, value: bytes | None = b"v", key: bytes | None = None) -> Record:
    """A record without headers."""
    return Record(topic, key, value, [], NOW_MS)


async def delivered(delivery: Delivery) -> None:
    """Return once every record of a delivery was acknowledged."""
    done = asyncio.Event()
    delivery.on_done = done.set
    if not delivery.done:
        await asyncio.wait_for(done.wait(), 20)
