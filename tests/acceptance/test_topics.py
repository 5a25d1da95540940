"""Topics that are missing, that are made on the way, and that grow under load."""

import asyncio
import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count, groupby, pairwise
from typing import Any, Protocol

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import connected
from tests.fixtures.relay_process import until
from tests.fixtures.tapped_kafka import TappedKafka
from tests.fixtures.topics import (
    Consumed,
    add_partitions,
    create_topic,
    delete_topic,
    partitions,
    read_all,
)
from tests.fixtures.wiretap import Wiretap

KEYS = 40
PAGE = 100
PUBLISH = """
SELECT tide.outbox_publish_many('orders',
  array_agg(jsonb_build_object('n', n) ORDER BY n),
  keys => array_agg('key-' || n % $3 ORDER BY n))
FROM generate_series($1::int, $1::int + $2::int - 1) n
"""


class NameTopic(Protocol):
    """A name that no topic has yet."""

    def __call__(self) -> str: ...


@pytest.fixture(scope="module")
def kafka_server(tapped_kafka: TappedKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return tapped_kafka.server.brokers


@pytest.fixture
def missing(kafka_server: str) -> Iterator[NameTopic]:
    """Yield a function that names topics; those that are made are deleted after the test."""
    named: list[str] = []

    def name() -> str:
        named.append(f"test-{uuid.uuid4().hex}")
        return named[-1]

    yield name
    made = AdminClient({"bootstrap.servers": kafka_server}).list_topics(timeout=10).topics
    for one in set(named) & set(made):
        delete_topic(kafka_server, one)


async def records(operator: Operator, topic: str) -> list[Consumed]:
    """Everything that a topic holds."""
    return await asyncio.to_thread(read_all, operator.brokers, topic)


async def numbers(operator: Operator, topic: str) -> list[int]:
    """The numbers of all messages in a topic."""
    return [json.loads(one.value or b"")["n"] for one in await records(operator, topic)]


async def partitions_of(operator: Operator, topic: str) -> int:
    """How many partitions a topic has."""
    admin = AdminClient({"bootstrap.servers": operator.brokers})
    return len(await asyncio.to_thread(partitions, admin, topic))


async def test_missing_topics_are_created_where_that_is_wanted(
    operator: Operator, relay: StartRelay, missing: NameTopic
) -> None:
    configured, default, first, second, copied = (missing() for _ in range(5))
    for n in range(4):
        await operator.publish({"n": n, "to": first if n % 2 else second}, key=f"{n}")
    created: dict[str, Any] = {"auto_create_topics": True, "fatal_retry_ms": 200}
    await operator.configure(configured, pipeline="three", num_partitions=3, **created)
    await operator.configure(default, pipeline="default", **created)
    await operator.configure("{payload.to}", pipeline="rendered", num_partitions=2, **created)
    await operator.configure(copied, pipeline="copied", replication_factor=3, **created)
    process = relay(operator.url)
    for pipeline in ("three", "default", "rendered"):
        await operator.delivered(pipeline)
    wanted = {configured: 3, default: 1, first: 2, second: 2}
    assert {name: await partitions_of(operator, name) for name in wanted} == wanted
    assert sorted(await numbers(operator, configured)) == [0, 1, 2, 3]
    assert sorted(await numbers(operator, first)) == [1, 3]
    assert sorted(await numbers(operator, second)) == [0, 2]

    await operator.reaches("failed", "copied")  # there is but one broker
    status = await operator.status("copied")
    assert status["last_error"].startswith("topic_creation_refused: ")
    assert copied in status["last_error"]
    assert "replication_factor" in status["hint"]
    await operator.configure(copied, pipeline="copied", replication_factor=1, **created)
    await operator.delivered("copied")
    assert await numbers(operator, copied) == [0, 1, 2, 3]
    await process.stop()


async def test_a_missing_topic_of_the_configuration_is_waited_for(
    operator: Operator, relay: StartRelay, missing: NameTopic, topic: TopicFactory
) -> None:
    """Also where only a routing rule names it: what stands behind waits, in order."""
    there, audit = topic(), missing()
    for n in range(6):
        await operator.publish({"n": n, "kind": "audit" if n == 3 else "order"})
    rules = [{"when": "payload.kind == 'audit'", "topic": audit}]
    await operator.configure(there, routing={"rules": rules}, retry_backoff_max_ms=200)
    process = relay(operator.url)
    await operator.reaches("retrying")
    status = await operator.status()
    assert status["last_error"].startswith("topic_missing: ")
    assert audit in status["last_error"]
    assert f"--create --topic {audit}" in status["hint"]
    assert status["next_retry"]
    assert (await process.problems())["p"].startswith("retrying: topic_missing")
    await asyncio.to_thread(create_topic, operator.brokers, audit)
    await operator.delivered()
    await process.ready()
    await process.stop()
    assert await numbers(operator, there) == [0, 1, 2, 4, 5]
    assert await numbers(operator, audit) == [3]


async def test_a_missing_topic_of_a_message_is_that_messages_error(
    operator: Operator, relay: StartRelay, missing: NameTopic, topic: TopicFactory
) -> None:
    there, nowhere = topic(), missing()
    ids = [await operator.publish({"n": n, "to": nowhere if n == 3 else there}) for n in range(6)]
    await operator.configure(
        "{payload.to}", dead_letter__policy="halt", max_retries=2, retry_backoff_ms=10
    )
    process = relay(operator.url)
    await operator.reaches("halted")
    status = await operator.status()
    assert (status["delivered"], status["pending"]) == (3, 3)
    for words in (f"message {ids[3]}", "topic_missing", nowhere):
        assert words in status["last_error"]
    assert f"--create --topic {nowhere}" in status["hint"]
    assert await numbers(operator, there) == [0, 1, 2]
    await asyncio.to_thread(create_topic, operator.brokers, nowhere)
    await operator.run("SELECT tide.relay_enable('p')")
    await operator.delivered()
    await process.stop()
    assert await numbers(operator, there) == [0, 1, 2, 4, 5]
    assert await numbers(operator, nowhere) == [3]


async def is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so long; whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


@asynccontextmanager
async def publishing_all_the_while(url: str) -> AsyncIterator[None]:
    """Publish pages of keyed messages while the block runs."""
    stop = asyncio.Event()

    async def publish() -> None:
        async with connected(url) as connection:
            for page in count():
                await connection.execute(PUBLISH, page * PAGE, PAGE, KEYS)
                if await is_set(stop, 0.1):
                    return

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        stop.set()
        await task


async def test_a_key_keeps_its_order_when_partitions_are_added_under_load(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    tapped_kafka: TappedKafka,
    tap: Wiretap,
) -> None:
    """Its last record on its old partition is there before its first on the new one is sent.

    Brokers take their time, so that on any partition a second's worth of batches waits.
    """
    tap.late = 0.05
    name = topic(1, {"message.timestamp.type": "LogAppendTime"})
    await operator.run(PUBLISH, 1_000_000, 30 * PAGE, KEYS)
    options: dict[str, Any] = {"metadata_max_age_ms": 100, "max_in_flight": 1000, "batch_size": 50}
    await operator.configure(name, brokers=tapped_kafka.tapped, **options)
    async with publishing_all_the_while(operator.url):
        process = relay(operator.url)
        await until(partial(in_use, operator.brokers, name, 0), 30)
        for total in (2, 4):
            await asyncio.to_thread(add_partitions, operator.brokers, name, total)
            await until(partial(in_use, operator.brokers, name, total - 1), 30)
    tap.late = 0.0
    await operator.delivered()
    await process.stop()
    found = await records(operator, name)
    moved = 0
    for of_key in by_key(found).values():
        assert len({number(one) for one in of_key}) == len(of_key)  # nothing failed
        stays = [list(group) for _, group in groupby(of_key, key=lambda one: one.partition)]
        moved += len(stays) - 1
        for before, after in pairwise(stays):
            assert before[-1].timestamp <= after[0].timestamp
        for one, other in pairwise(of_key):
            if one.partition == other.partition:
                assert one.offset < other.offset
    assert moved > KEYS / 2
    assert len(found) % PAGE == 0


async def in_use(brokers: str, topic: str, partition: int) -> bool:
    """Whether a partition has records by now, not only a few."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "unused"})
    try:
        place = TopicPartition(topic, partition)
        _, end = await asyncio.to_thread(consumer.get_watermark_offsets, place, 10)
        return bool(end >= 50)
    except KafkaException:  # a new partition's leader is a moment late
        return False
    finally:
        consumer.close()


def number(record: Consumed) -> int:
    """What a message's publisher called it."""
    return int(json.loads(record.value or b"")["n"])


def message_id(record: Consumed) -> int:
    """The id of a record's message."""
    return int((dict(record.headers)["pg_tide_id"] or b"").partition(b":")[2])


def by_key(found: list[Consumed]) -> dict[bytes | None, list[Consumed]]:
    """The records of each key, in the order in which they were published."""
    keys: dict[bytes | None, list[Consumed]] = defaultdict(list)
    for one in sorted(found, key=message_id):
        keys[one.key].append(one)
    return keys
