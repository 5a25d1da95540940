"""The client of Kafka against a real broker."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka import KafkaClient, Settings, ahead, settings_of
from pg_tide.kafka.clients import tokens_of
from pg_tide.kafka.connection import Connection
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.topics import read_all, topic_id

SECRETS = {"sasl_password", "oauth_client_secret", "tls_client_key_password"}


def settings(brokers: str, **options: object) -> Settings:
    """How to reach these brokers, as the options of a pipeline say."""
    config = {"brokers": brokers, "topic": "unused", "request_timeout_ms": 10_000, **options}
    return settings_of(PipelineConfig.parse(config))


def client_of(brokers: str, **options: object) -> KafkaClient:
    """A client that was not started yet."""
    chosen = settings(brokers, **options)
    return KafkaClient(chosen, tokens_of(chosen))


@contextlib.asynccontextmanager
async def started(brokers: str, **options: object) -> AsyncIterator[KafkaClient]:
    """Start a client, and end it."""
    client = client_of(brokers, **options)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def test_a_topic_has_the_id_that_others_know(kafka_server: str, topic: TopicFactory) -> None:
    name = await asyncio.to_thread(topic, 3)
    async with started(kafka_server) as client:
        assert client.topic_id(name) is None
        assert (await client.topic(name)).partitions == 3
        assert client.topic_id(name) == await asyncio.to_thread(topic_id, kafka_server, name)


async def test_a_topic_that_is_missing_is_asked_for_no_more(kafka_server: str) -> None:
    """Thousands of messages may name another one each."""
    async with started(kafka_server) as client:
        for n in range(3):
            with pytest.raises(TransientError, match=f"none-{n}"):
                await client.topic(f"none-{n}", patient=False)
        asked_for = client._client.asked_for  # noqa: SLF001 - what the brokers were asked
        assert asked_for == {"none-2"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the requests that clients of this process send, as they send them."""
    sent: list[str] = []
    send = Connection.send

    def noted(self: Connection, request: Any, expect_response: bool = True) -> Awaitable[Any]:
        sent.append(type(request).__name__.removesuffix("Request"))
        return send(self, request, expect_response)

    monkeypatch.setattr(Connection, "send", noted)
    monkeypatch.setattr(ahead, "SERVES", 60)
    return sent


async def test_of_topics_that_are_expected_all_is_asked_while_it_starts(
    kafka_server: str, topic: TopicFactory, asked: list[str]
) -> None:
    name = await asyncio.to_thread(topic, 3)
    first = KafkaClient(settings(kafka_server))  # a broker's first producer waits for its ids
    await first.start()
    await first.close()
    asked.clear()
    client = KafkaClient(settings(kafka_server), expected=[name, f"no-{name}"])
    await client.start()
    found = await client.topic(name)
    assert (found.partitions, found.max_bytes) == (3, 1_048_588)
    assert sorted(set(asked)) == ["ApiVersion", "DescribeConfigs", "InitProducerId", "Metadata"]
    assert asked.count("Metadata") == 1
    assert client._client._topics == {name}  # noqa: SLF001 - refreshed from now on
    with pytest.raises(TransientError, match=f"no-{name}"):
        await client.topic(f"no-{name}", patient=False)
    assert asked.count("Metadata") == 2
    await client.close()


async def test_what_was_asked_long_ago_is_asked_anew(
    kafka_server: str, topic: TopicFactory, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic may get its first message long after the client has started."""
    monkeypatch.setattr(ahead, "SERVES", -1)
    name = await asyncio.to_thread(topic, 2)
    client = KafkaClient(settings(kafka_server), expected=[name])
    await client.start()
    assert (await client.topic(name)).partitions == 2
    assert (asked.count("Metadata"), asked.count("DescribeConfigs")) == (2, 2)
    await client.close()


async def produce(client: KafkaClient, topic: str, value: bytes) -> None:
    """Produce one record, and wait until it is acknowledged."""
    await client.topic(topic)
    batch = client.batch()
    batch.append(timestamp=1_700_000_000_000, key=b"k", value=value, headers=[])
    async with asyncio.timeout(10):
        await client.send(batch, topic, 0)


async def refused(brokers: str, **options: object) -> PgTideError:
    """The error of a client that cannot start, which it says within five seconds."""
    client = client_of(brokers, **options)
    began = time.monotonic()
    with pytest.raises(PgTideError) as caught:
        await client.start()
    assert time.monotonic() - began < 5
    assert caught.value.hint
    shown = f"{caught.value} {caught.value.hint}"
    assert not any(str(value) in shown for name, value in options.items() if name in SECRETS)
    return caught.value


async def test_a_topic_is_created_as_told_or_as_the_broker_does(kafka_server: str) -> None:
    name = f"test-{uuid.uuid4().hex}"
    async with started(kafka_server) as client:
        await client.create_topic(f"{name}.three", 3, 1)
        await client.create_topic(f"{name}.default", -1, -1)
        await client.create_topic(f"{name}.three", 5, 1)  # it is there: nothing changes
        assert (await client.topic(f"{name}.three")).partitions == 3
        assert (await client.topic(f"{name}.default")).partitions == 1


@pytest.mark.parametrize(
    ("partitions", "replication", "reason"),
    [(1, 99, "topic_creation_refused"), (0, 1, "topic_creation_refused")],
)
async def test_a_topic_that_brokers_refuse_to_create(
    kafka_server: str, partitions: int, replication: int, reason: str
) -> None:
    async with started(kafka_server) as client:
        with pytest.raises(FatalError, match=r'topic "refused" can not be created') as caught:
            await client.create_topic("refused", partitions, replication)
    assert caught.value.reason == reason
    assert caught.value.hint


async def test_a_topic_with_a_name_that_kafka_does_not_take(kafka_server: str) -> None:
    async with started(kafka_server) as client:
        with pytest.raises(FatalError) as caught:
            await client.create_topic("a/b", 1, 1)
    assert caught.value.reason == "topic_invalid"


@pytest.mark.parametrize("compression", ["gzip", "lz4", "zstd"])
async def test_a_batch_at_its_level_can_be_read(
    kafka_server: str, topic: TopicFactory, compression: str
) -> None:
    name = await asyncio.to_thread(topic)
    async with started(kafka_server, compression=compression, compression_level=7) as client:
        await client.topic(name)
        batch = client.batch()
        for number in range(3):
            value = f"{number} ".encode() * 1000
            assert batch.append(timestamp=1_700_000_000_000, key=b"k", value=value, headers=[])
        await client.send(batch, name, 0)
        assert batch.size() < 1000
    found = await asyncio.to_thread(read_all, kafka_server, name)
    assert [record.value for record in found] == [f"{n} ".encode() * 1000 for n in range(3)]
