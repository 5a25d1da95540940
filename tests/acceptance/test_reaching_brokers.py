"""How brokers are reached: by which addresses, and how often one that is away is tried."""

import asyncio
from itertools import pairwise

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until
from tests.fixtures.tapped_kafka import TappedKafka
from tests.fixtures.wiretap import Wiretap


@pytest.fixture(scope="module")
def kafka_server(tapped_kafka: TappedKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return tapped_kafka.server.brokers


async def test_only_addresses_of_the_family_are_tried(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.configure(name, broker_address_family="v6")
    relay(operator.url)
    await operator.publish({"n": 1})
    await operator.reaches("retrying", seconds=10)
    status = await operator.status()
    assert status["last_error"].startswith("host_unknown: ")
    assert "broker_address_family" in status["hint"]
    await operator.configure(name, broker_address_family="v4")
    await operator.delivered()


@pytest.mark.parametrize("longest_ms", [100, 20_000])
async def test_a_broker_that_is_away_is_tried_ever_less_often(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    tapped_kafka: TappedKafka,
    tap: Wiretap,
    longest_ms: int,
) -> None:
    is_eager = longest_ms < 1000
    brokers = {"brokers": tapped_kafka.tapped}
    await operator.configure(topic(), reconnect_backoff_max_ms=longest_ms, **brokers)
    relay(operator.url)
    await operator.publish({"n": 1})
    await operator.delivered()
    tap.refusing = True
    tap.close()
    await operator.publish({"n": 2})

    def longest_wait() -> float:
        return max((later - sooner for sooner, later in pairwise(tap.refused)), default=0.0)

    async def told() -> bool:
        return len(tap.refused) >= 30 if is_eager else longest_wait() > 1.5

    async with asyncio.timeout(30):
        await until(told, 30)
    assert (longest_wait() < 1.5) is is_eager
    tap.refusing = False
    await operator.delivered()
