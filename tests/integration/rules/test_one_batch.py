"""One unfinished batch a partition, a new client after any that failed: with real brokers."""

import asyncio

import pytest

from pg_tide.errors import MessageError, TransientError
from pg_tide.producer import Client, Producer
from tests.contract.clusters import REQUEST, RealCluster, delivered, record
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.messages import a_config

LIMIT, TOO_LARGE = 2000, b"x" * 2500


@pytest.fixture
def cluster(kafka_server: str, topic: TopicFactory) -> RealCluster:
    """Return Apache Kafka."""
    return RealCluster(kafka_server, topic)


async def send(client: Client, topic: str, value: bytes) -> None:
    """Send a batch of one record."""
    batch = client.batch(None)
    batch.append(timestamp=1, key=None, value=value, headers=[])
    await client.send(batch, topic, 0)


async def stored(cluster: RealCluster, topic: str) -> list[bytes | None]:
    """The values that the topic's only partition holds."""
    return [value for _, value, *_ in (await cluster.stored(topic)).get(0, [])]


async def test_three_batches_handed_over_at_once_leave_a_hole(cluster: RealCluster) -> None:
    """The simpler version: the first batch is refused, and those behind it are acknowledged."""
    topic = await cluster.create_topic(max_bytes=LIMIT)
    client = await cluster.start()
    values = (TOO_LARGE, b"second", b"third")
    outcomes = await asyncio.gather(
        *(send(client, topic, value) for value in values), return_exceptions=True
    )
    await client.end()
    assert isinstance(outcomes[0], MessageError)
    assert outcomes[1:] == [None, None]
    assert await stored(cluster, topic) == [b"second", b"third"]


async def test_nothing_behind_a_refused_batch_is_acknowledged(cluster: RealCluster) -> None:
    """A new client sends all that is behind it, in order and once."""
    topic = await cluster.create_topic(max_bytes=LIMIT)
    producer = Producer(cluster.start, a_config(max_request_size=REQUEST))
    running = asyncio.create_task(producer.run())
    await producer.learn(topic)
    await delivered(producer.produce([(record(topic, b"first"),)]))
    values = (TOO_LARGE, b"third", b"fourth")
    rest = producer.produce([(record(topic, value),) for value in values])
    await asyncio.wait_for(running, 20)
    assert [error.reason for _, error in rest.refusals] == ["too_large"]
    assert (rest.pending, await stored(cluster, topic)) == (2, [b"first"])

    running = asyncio.create_task(producer.run())
    await delivered(rest)
    running.cancel()
    await asyncio.wait({running})
    assert await stored(cluster, topic) == [b"first", b"third", b"fourth"]


async def test_a_client_that_failed_once_never_recovers(cluster: RealCluster) -> None:
    """The simpler version: going on with the client whose batch was refused.

    Its sequence number is used up, and the partition refuses whatever follows it.
    """
    topic = await cluster.create_topic(max_bytes=LIMIT)
    client = await cluster.start()
    await send(client, topic, b"first")
    with pytest.raises(MessageError):
        await send(client, topic, TOO_LARGE)
    for _ in range(2):
        with pytest.raises(TransientError) as failed:
            await send(client, topic, b"third")
        assert failed.value.reason == "sequence_lost"
    await client.end()
    assert await stored(cluster, topic) == [b"first"]
