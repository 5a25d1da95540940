"""The demo's Kafka takes what the relay produces, and gives it back to librdkafka."""

import asyncio
import sys

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from pg_tide.demo.kafka import EmbeddedKafka
from pg_tide.errors import StartError
from tests.fixtures.topics import read_all


async def send(kafka: EmbeddedKafka, topic: str, partition: int, count: int) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.brokers, enable_idempotence=True, compression_type="zstd"
    ) as producer:
        batch = producer.create_batch()
        for n in range(count):
            batch.append(
                key=b"key", value=b"%d" % n, timestamp=1_700_000_000_000, headers=[("h", b"1")]
            )
        await (await producer.send_batch(batch, topic, partition=partition))


async def test_what_an_idempotent_producer_sent_is_read_back() -> None:
    with EmbeddedKafka() as kafka:
        kafka.create_topic("orders")
        await send(kafka, "orders", partition=EmbeddedKafka.partitions - 1, count=100)
        found = await asyncio.to_thread(read_all, kafka.brokers, "orders")
    assert [each.value for each in found] == [b"%d" % n for n in range(100)]
    last = found[-1]
    assert (last.partition, last.offset) == (EmbeddedKafka.partitions - 1, 99)
    assert (last.key, last.headers) == (b"key", (("h", b"1"),))
    assert last.timestamp == 1_700_000_000_000


def test_has_as_many_brokers_as_asked_for() -> None:
    with EmbeddedKafka(nodes=3) as kafka:
        assert len(kafka.brokers.split(",")) == 3


def test_says_so_when_the_wheel_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(StartError, match=r"pip install 'pg-tide\[demo\]'"):
        EmbeddedKafka()
