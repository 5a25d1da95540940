"""Nobody waits: messages not for an open transaction, publishers not for the relay."""

import asyncio
import contextlib
import signal
import statistics
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import connected
from tests.fixtures.postgres import database_url
from tests.fixtures.tail import Tail

HELD = 5.0  # seconds
FLOOR = 0.005  # seconds that may be noise


async def median_latency(operator: Operator, tail: Tail, seconds: float) -> float:
    """Publish a message every 20 ms; how long the middle one took from commit to consumer."""
    before = len(tail.arrived)
    committed: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await operator.publish({"n": len(committed)})
        committed.append(time.time())
        await asyncio.sleep(0.02)
    arrived = (await tail.first(before + len(committed)))[before:]
    waits = [one.at - at for one, at in zip(arrived, committed, strict=True)]
    return statistics.median(waits)


@contextlib.asynccontextmanager
async def writing_all_the_while(operator: Operator) -> AsyncIterator[None]:
    """Transactions that have written: here, into the outbox itself, and in another database."""
    async with contextlib.AsyncExitStack() as stack:
        elsewhere = database_url(operator.url, "postgres")
        urls = (operator.url, operator.url, elsewhere)
        connections = [await stack.enter_async_context(connected(url)) for url in urls]
        for connection in connections:
            await connection.execute("BEGIN")
        own, outbox, other = connections
        await own.execute("CREATE TABLE held_open (n int)")
        await outbox.execute("SELECT tide.outbox_publish('orders', '{\"n\": -1}')")
        await other.execute("CREATE TEMPORARY TABLE held_open (n int)")
        yield
        for connection in connections:
            await connection.execute("ROLLBACK")


@pytest.mark.alone
async def test_an_open_transaction_delays_nobody_elses_messages(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.configure(name)
    await relay(operator.url).ready()
    async with Tail(operator.brokers, name) as tail:
        await median_latency(operator, tail, 1)  # everything is warm now
        normal = await median_latency(operator, tail, 3)
        async with writing_all_the_while(operator):
            held = await median_latency(operator, tail, HELD)
    print(f"p50 {normal * 1000:.1f} ms, held {held * 1000:.1f} ms")  # noqa: T201 - the figures
    assert held < 2 * normal + FLOOR


@pytest.mark.alone
async def test_publishers_never_wait_for_a_relay_that_froze(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.configure(name)
    process = relay(operator.url)
    await process.ready()
    count, longest = 0, 0.0
    async with connected(operator.url) as publisher:
        for _ in range(10):  # frozen in whatever it was doing
            for frozen in (signal.SIGSTOP, signal.SIGCONT):
                process.send(frozen)
                longest = max(longest, await longest_publish(publisher, 20))
                count += 20
    print(f"the longest publish took {longest * 1000:.1f} ms")  # noqa: T201 - the figure
    assert longest < 0.5
    async with Tail(operator.brokers, name) as tail:
        await tail.first(count)
    await process.stop()


async def longest_publish(publisher: "asyncpg.Connection[asyncpg.Record]", count: int) -> float:
    longest = 0.0
    for _ in range(count):
        began = time.monotonic()
        await publisher.execute("SELECT tide.outbox_publish('orders', '{}')")
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.001)
    return longest
