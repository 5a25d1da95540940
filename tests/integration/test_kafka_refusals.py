"""What real brokers refuse of single records: what they say of it, and what becomes of the rest."""

import asyncio
import os
import time

import pytest
from aiokafka.protocol.produce import ProduceRequest  # type: ignore[import-untyped]

from pg_tide.delivery import Delivery
from pg_tide.kafka import KafkaClient
from pg_tide.message import Record
from pg_tide.producer import Producer
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.messages import a_config
from tests.fixtures.topics import read_all
from tests.integration.test_kafka_client import client_of

NOW_MS = 1_700_000_000_000


class Stand:
    """A producer of these records, and how many clients it took."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._producer = Producer(self._start, a_config(max_retries=0))
        self.clients = 0

    async def _start(self) -> KafkaClient:
        client = client_of(self._brokers)
        await client.start()
        self.clients += 1
        return client

    async def deliver(self, records: list[Record]) -> Delivery:
        """Produce records until all have their end."""
        learning = asyncio.create_task(self._producer.run())
        await self._producer.learn(records[0].topic)
        learning.cancel()
        await asyncio.wait({learning})
        self.clients = 0
        delivery = self._producer.produce([(record,) for record in records])
        drained = asyncio.create_task(self._producer.drained())
        async with asyncio.timeout(30):
            while not drained.done():
                running = asyncio.create_task(self._producer.run())
                await asyncio.wait({running, drained}, return_when=asyncio.FIRST_COMPLETED)
                running.cancel()
                await asyncio.wait({running})
                if not running.cancelled():
                    running.result()
        return delivery


@pytest.mark.parametrize("named", [True, False])
async def test_records_without_a_key_on_a_compacted_topic(
    kafka_server: str, topic: TopicFactory, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    """Brokers name them since 2.4; of older ones only the batch is known."""
    if not named:
        known = ProduceRequest._CLASSES  # noqa: SLF001 - an older broker knows no more
        monkeypatch.setattr(ProduceRequest, "_CLASSES", known[:-1])
    name = await asyncio.to_thread(topic, 1, {"cleanup.policy": "compact"})
    stand = Stand(kafka_server)
    records = [
        Record(name, None if n % 25 == 7 else b"k", b"%d" % n, [], NOW_MS) for n in range(100)
    ]
    delivery = await stand.deliver(records)
    assert [record.value for record, _ in delivery.refusals] == [b"7", b"32", b"57", b"82"]
    for _, error in delivery.refusals:
        assert (error.stage, error.reason) == ("produce", "invalid_record")
        assert "compacted topic" in (error.hint or "")
        assert ("Compacted topic cannot accept message without key" in str(error)) == named
    assert (stand.clients == 2) == named
    stored = await asyncio.to_thread(read_all, kafka_server, name)
    assert [one.value for one in stored] == [record.value for record in records if record.key]


async def test_records_of_a_time_that_the_topic_does_not_take(
    kafka_server: str, topic: TopicFactory
) -> None:
    name = await asyncio.to_thread(topic, 1, {"message.timestamp.before.max.ms": "3600000"})
    now_ms = int(time.time() * 1000)
    stand = Stand(kafka_server)
    records = [
        Record(name, None, b"%d" % n, [], NOW_MS if n in {3, 8} else now_ms) for n in range(10)
    ]
    delivery = await stand.deliver(records)
    assert [record.value for record, _ in delivery.refusals] == [b"3", b"8"]
    assert {error.reason for _, error in delivery.refusals} == {"invalid_timestamp"}
    assert "Timestamp 1700000000000 of message" in str(delivery.refusals[0][1])
    stored = await asyncio.to_thread(read_all, kafka_server, name)
    assert [one.value for one in stored] == [b"%d" % n for n in range(10) if n not in {3, 8}]


async def test_a_topics_limit_that_may_not_be_read_is_found(
    kafka_server: str, topic: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pg_tide.kafka.client.max_bytes_of", lambda _: None)
    name = await asyncio.to_thread(topic, 1, {"max.message.bytes": "5000"})
    stand = Stand(kafka_server)
    values = [os.urandom(200) for _ in range(200)]
    delivery = await stand.deliver([Record(name, None, value, [], NOW_MS) for value in values])
    assert delivery.refusals == ()
    assert stand.clients <= 6  # half as much each time
    stored = await asyncio.to_thread(read_all, kafka_server, name)
    assert [one.value for one in stored] == values


async def test_a_record_larger_than_a_segment(kafka_server: str, topic: TopicFactory) -> None:
    limits = {"segment.bytes": "1048576", "max.message.bytes": "3000000"}
    name = await asyncio.to_thread(topic, 1, limits)
    large = Record(name, None, os.urandom(1_500_000), [], NOW_MS)
    stand = Stand(kafka_server)
    delivery = await stand.deliver([Record(name, None, b"1", [], NOW_MS), large])
    ((refused, error),) = delivery.refusals
    assert refused is large
    assert error.reason == "too_large"
