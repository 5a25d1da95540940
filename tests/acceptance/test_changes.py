"""Pipelines added, changed, disabled and enabled from SQL take effect within a second."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import connected
from tests.fixtures.relay_process import until
from tests.fixtures.tail import Tail
from tests.fixtures.topics import read_all

SECOND = 1.0


@contextlib.asynccontextmanager
async def publishing_steadily(url: str) -> AsyncIterator[None]:
    """A message every 10 ms while the block runs."""

    async def publish() -> None:
        async with connected(url) as connection:
            while not stop.is_set():
                await connection.execute("SELECT tide.outbox_publish('orders', '{}')")
                await asyncio.sleep(0.01)

    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(publish())
        try:
            yield
        finally:
            stop.set()


def arrived_with(tail: Tail, version: str) -> bool:
    return any(("version", version.encode()) in one.record.headers for one in tail.arrived)


async def soon(condition: Callable[[], bool]) -> float:
    """Wait until it holds; how many seconds that took."""

    async def holds() -> bool:
        return condition()

    return await until(holds)


@pytest.mark.alone
async def test_changes_from_sql_take_effect_within_a_second(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await relay(operator.url).ready()
    took = {}
    async with Tail(operator.brokers, name) as tail, publishing_steadily(operator.url):
        for what, version in (("added", "1"), ("changed", "2")):
            await operator.configure(name, headers={"version": version})
            took[what] = await soon(partial(arrived_with, tail, version))
        await operator.run("SELECT tide.relay_disable('p')")
        disabled_at = time.time()
        await asyncio.sleep(2 * SECOND)  # only time shows that nothing comes any more
        took["disabled"] = tail.arrived[-1].at - disabled_at
        last = len(tail.arrived)
        await operator.run("SELECT tide.relay_enable('p')")
        took["enabled"] = await soon(lambda: len(tail.arrived) > last)
    print({what: f"{seconds * 1000:.0f} ms" for what, seconds in took.items()})  # noqa: T201
    assert max(took.values()) < SECOND
    ids = [dict(one.record.headers)["pg_tide_id"] for one in tail.arrived]
    assert ids == [
        f"orders:{n}".encode() for n in range(1, len(ids) + 1)
    ]  # none twice, none left out


async def test_a_change_restarts_that_pipeline_alone_after_it_has_drained(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    changing, beside = topic(), topic()
    process = relay(operator.url)
    await operator.configure(beside, pipeline="beside")
    async with Tail(operator.brokers, changing) as tail, publishing_steadily(operator.url):
        for version in ("1", "2", "3", "4"):
            await operator.configure(changing, pipeline="changing", headers={"version": version})
            await soon(partial(arrived_with, tail, version))
    await operator.delivered("changing")
    await operator.delivered("beside")
    assert await process.metric("pg_tide_takeovers_total") == 4 + 1
    took_over = [line for line in process.log.read_text().splitlines() if "took over" in line]
    assert len([line for line in took_over if "beside" in line]) == 1
    for name in (changing, beside):
        found = await asyncio.to_thread(read_all, operator.brokers, name)
        ids = [dict(one.headers)["pg_tide_id"] for one in found]
        assert ids == [f"orders:{number}".encode() for number in range(1, len(ids) + 1)]
