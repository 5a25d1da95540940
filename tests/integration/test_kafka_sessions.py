"""Logins that end while a client runs: nothing is lost, and the reason is known."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from pg_tide.errors import FatalError
from pg_tide.kafka import KafkaClient
from pg_tide.kafka import connection as connections
from tests.fixtures.secured_kafka import SecuredKafka
from tests.fixtures.token_endpoint import TokenEndpoint
from tests.fixtures.topics import create_topic, delete_topic, read_all
from tests.integration.test_kafka_client import client_of, refused, started

LIFE = 2  # seconds that a token is good for
NEVER = 1_000.0


@pytest.fixture
def topic(secured_kafka: SecuredKafka) -> Iterator[str]:
    """Yield the name of a topic of the test's own."""
    name = f"test-{uuid.uuid4().hex}"
    create_topic(secured_kafka.brokers, name)
    yield name
    delete_topic(secured_kafka.brokers, name)


async def one(client: KafkaClient, topic: str, number: int) -> None:
    """Produce a number, and wait until it is acknowledged."""
    batch = client.batch()
    stamp = int(time.time() * 1000)
    batch.append(timestamp=stamp, key=b"k", value=str(number).encode(), headers=[])
    await client.send(batch, topic, 0)


async def produce_until(client: KafkaClient, topic: str, enough: Callable[[], bool]) -> int:
    """Produce numbers one after another; how many."""
    count = 0
    async with asyncio.timeout(30):
        while not enough():
            await one(client, topic, count)
            count += 1
            await asyncio.sleep(0.001)  # others have the processor too
    return count


async def numbers(kafka: SecuredKafka, topic: str) -> list[int]:
    """What a topic holds."""
    records = await asyncio.to_thread(read_all, kafka.brokers, topic)
    return [int(record.value or b"") for record in records]


@pytest.mark.parametrize("acks", ["all", "0"])
async def test_a_connection_is_replaced_before_its_login_ends(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint, topic: str, acks: str
) -> None:
    """What is not acknowledged is not lost either: brokers never hang up on a request."""
    token_endpoint.lifetime = LIFE
    options = {**token_endpoint.options, "acks": acks}
    async with started(secured_kafka.at("OAUTH"), **options) as client:
        await client.topic(topic)
        count = await produce_until(client, topic, lambda: len(token_endpoint.requests) >= 3)
    assert await numbers(secured_kafka, topic) == list(range(count))


async def test_a_broker_that_hangs_up_loses_nothing(
    secured_kafka: SecuredKafka,
    token_endpoint: TokenEndpoint,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As those do that end sessions without having said when."""
    monkeypatch.setattr(connections, "SERVES", NEVER)
    token_endpoint.lifetime = LIFE
    async with started(secured_kafka.at("OAUTH"), **token_endpoint.options) as client:
        await client.topic(topic)
        count = await produce_until(client, topic, lambda: len(token_endpoint.requests) >= 3)
    assert await numbers(secured_kafka, topic) == list(range(count))


async def test_a_token_endpoint_that_is_away_stops_nothing_until_the_token_ends(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint, topic: str
) -> None:
    token_endpoint.lifetime = LIFE
    async with started(secured_kafka.at("OAUTH"), **token_endpoint.options) as client:
        await client.topic(topic)
        token_endpoint.stop()
        stop = asyncio.Event()
        producing = asyncio.create_task(produce_until(client, topic, stop.is_set))
        async with asyncio.timeout(20):
            while (trouble := client.trouble) is None:  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.05)
        assert trouble.reason == "oauth_token_unavailable"
        token_endpoint.start()
        async with asyncio.timeout(20):
            while client.trouble is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        stop.set()
        count = await producing
    assert count
    assert await numbers(secured_kafka, topic) == list(range(count))


async def test_who_is_not_let_in_again_is_told_while_it_runs(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint, topic: str
) -> None:
    token_endpoint.lifetime = LIFE
    client = client_of(secured_kafka.at("OAUTH"), **token_endpoint.options)
    await client.start()
    await client.topic(topic)
    token_endpoint.lifetime = -60  # brokers refuse what it gives from now on
    with pytest.raises(FatalError) as caught:
        await produce_until(client, topic, lambda: False)
    await client.end()
    assert caught.value.reason == "login_refused"


async def test_a_refused_token_is_told_and_not_used_again(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint
) -> None:
    token_endpoint.lifetime = -60
    where, options = secured_kafka.at("OAUTH"), token_endpoint.options
    error = await refused(where, **options)
    assert (error.reason, type(error)) == ("login_refused", FatalError)
    assert 'client "oauth-client"' in error.message
