"""Kafka goes away and comes back: the relay waits, says so, and goes on by itself."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.kafka_server import KafkaServer
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until
from tests.fixtures.topics import create_topic, read_all
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci

IN_FLIGHT = 500  # messages at most
MESSAGES = 200
PUBLISH = """
SELECT count(tide.outbox_publish('orders', jsonb_build_object('n', n)))
FROM generate_series(1, $1) n
"""


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaServer]:
    """Yield a broker that these tests may stop."""
    try:
        server = KafkaServer()
    except UnavailableError as error:
        skip_unless_ci(error)
    with server:
        yield server


@pytest.fixture
async def operator(database: str, kafka: KafkaServer) -> AsyncIterator[Operator]:
    """Yield the operator of a database whose pipelines produce to that broker."""
    kafka.start()
    one = Operator(database, kafka.brokers)
    await one.run("SELECT tide.outbox_create('orders')")
    yield one
    await one.close()


@pytest.mark.parametrize("idempotent", [True, False], ids=["idempotent", "not-idempotent"])
async def test_nothing_is_lost_when_the_broker_is_killed_under_load(
    operator: Operator, kafka: KafkaServer, relay: StartRelay, idempotent: bool
) -> None:
    topic = f"killed-{idempotent}"
    await asyncio.to_thread(create_topic, kafka.brokers, topic, 4)
    await operator.configure(
        topic,
        max_in_flight=IN_FLIGHT,
        idempotent=idempotent,
        request_timeout_ms=2000,  # a client that is not idempotent then gives its batches up
        retry_backoff_max_ms=500,
    )
    process = relay(operator.url)
    await process.ready()
    async with publishing(operator.url, Workload(think=0.005, longest_pause=0.3)) as ledger:
        await asyncio.sleep(1)  # of load
        await asyncio.to_thread(kafka.kill)
        took = await operator.reaches("retrying")
        status, problems = await operator.status(), await process.problems()
        await asyncio.to_thread(kafka.start)
        back = await operator.reaches("running")
        await asyncio.sleep(1)  # of load
    await operator.delivered()
    await process.ready()
    await process.stop()
    print(f"retrying after {took:.1f} s, running {back:.1f} s after the start")  # noqa: T201
    assert status["last_error"]
    assert problems["p"].startswith("retrying")
    verdict = judge(ledger, await asyncio.to_thread(delivered, kafka.brokers, topic))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    verdict.demand(at_most_duplicates=0 if idempotent else IN_FLIGHT)


async def test_a_second_signal_ends_a_relay_that_cannot_drain_and_loses_nothing(
    operator: Operator, kafka: KafkaServer, relay: StartRelay
) -> None:
    await asyncio.to_thread(create_topic, kafka.brokers, "hurry")
    await operator.configure("hurry", batch_size=10)
    process = relay(operator.url)
    await operator.publish({"n": 0})
    await operator.delivered()
    with frozen(kafka):
        await operator.run(PUBLISH, MESSAGES)

        async def in_flight() -> bool:
            found = await process.metric("pg_tide_in_flight_messages", pipeline="p")
            return found == MESSAGES

        await until(in_flight)
        process.send(signal.SIGTERM)
        with pytest.raises(AssertionError, match="still running"):
            await process.ended(2)
        process.send(signal.SIGTERM)
        assert await process.ended(2) == 0
    again = relay(operator.url)
    await operator.delivered()
    await again.stop()
    found = await asyncio.to_thread(read_all, kafka.brokers, "hurry")
    assert {json.loads(one.value or b"")["n"] for one in found} == set(range(MESSAGES + 1))


@contextlib.contextmanager
def frozen(kafka: KafkaServer) -> Iterator[None]:
    """A broker that answers nothing while the block runs."""
    assert kafka.pid is not None
    os.kill(kafka.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kafka.pid, signal.SIGCONT)
