"""The oracle finds what simpler readers do wrong, and nothing wrong with snapshot windows."""

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from tests.fixtures.oracle.naive_readers import IdAbove, Reader, XminHorizon, reading, windows
from tests.fixtures.oracle.publishers import connected, publishing
from tests.fixtures.oracle.verdict import Verdict, judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.sql import Connection

SECONDS = 6
OPEN = 2.0  # seconds that a foreign transaction is held open


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with connected(database) as connection:
        await connection.execute("SELECT tide.outbox_create('orders')")
        yield connection


async def verdict_on(reader: Reader, url: str, workload: Workload) -> Verdict:
    async with reading(reader) as arrivals, publishing(url, workload) as ledger:
        await asyncio.sleep(SECONDS)
    verdict = judge(ledger, arrivals.told)
    print(type(reader).__name__, verdict)  # noqa: T201 - pytest shows it when the test fails
    return verdict


async def test_snapshot_windows_do_nothing_wrong(db: Connection, database: str) -> None:
    del db
    async with windows(database, "orders") as reader:
        verdict = await verdict_on(reader, database, Workload(large=10_000))
    assert verdict.committed > 10_000, "the very large transaction is among them"
    verdict.demand()


async def test_ids_above_an_offset_lose_messages(db: Connection, database: str) -> None:
    verdict = await verdict_on(IdAbove(db), database, Workload())
    assert len(verdict.lost) > 20
    assert not verdict.phantom


async def test_the_xmin_horizon_brings_messages_out_of_order(db: Connection, database: str) -> None:
    verdict = await verdict_on(XminHorizon(db), database, Workload())
    assert len(verdict.out_of_order) > 20
    assert not verdict.lost


async def test_only_the_xmin_horizon_waits_for_an_open_transaction(
    db: Connection, database: str
) -> None:
    async with windows(database, "orders") as reader:
        assert await median_wait(reader, database) < OPEN / 20
    assert await median_wait(XminHorizon(db), database) > OPEN / 4


async def median_wait(reader: Reader, url: str) -> float:
    """How long the middle message waited to be read, while a transaction was open elsewhere."""
    while await reader.poll():
        pass
    async with connected(url) as publisher, reading(reader) as arrivals, open_elsewhere(url):
        end = time.monotonic() + OPEN
        while time.monotonic() < end:
            payload = json.dumps({"key": "probe", "n": 1, "at": time.time()})
            await publisher.execute("SELECT tide.outbox_publish('orders', $1)", payload)
            await asyncio.sleep(0.01)
    return statistics.median(arrivals.waited)


@contextlib.asynccontextmanager
async def open_elsewhere(url: str) -> AsyncIterator[None]:
    """While the block runs, a transaction is open that has written to another table."""
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS elsewhere (n int)")
        await connection.execute("BEGIN; INSERT INTO elsewhere VALUES (1)")
        yield
        await connection.execute("COMMIT")
