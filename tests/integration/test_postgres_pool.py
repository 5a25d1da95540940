"""Connections that may be half dead are not asked again: nobody would answer for a minute."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import pytest

from pg_tide import relay as relay_module
from pg_tide import retention
from pg_tide.catalog import Configured
from pg_tide.postgres import Postgres
from pg_tide.relay import Relay
from tests.fixtures.proxy import Proxy, proxied
from tests.fixtures.relay_process import until
from tests.fixtures.relay_task import process_config, running
from tests.fixtures.sql import Connection

SOON = 10  # seconds: less than it takes to give a connection up that does not answer
END_THE_LOCK_CONNECTION = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name like 'pg-tide %:%' and datname = current_database()
"""


class Pool(NamedTuple):
    """A pool, and the way that its connections take."""

    postgres: Postgres
    proxy: Proxy

    async def pid(self) -> int:
        """Which backend does a transaction's work."""
        async with self.postgres.transaction() as connection:
            return int(await connection.value("select pg_backend_pid()"))

    async def pids(self, count: int) -> set[int]:
        """Which backends do the work of transactions that run at the same time."""
        together = asyncio.Barrier(count)

        async def one() -> int:
            async with self.postgres.transaction() as connection:
                await together.wait()
                return int(await connection.value("select pg_backend_pid()"))

        return set(await asyncio.gather(*(one() for _ in range(count))))


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Yield an open pool."""
    async with proxied(database) as (proxy, url):
        postgres = Postgres(url)
        await postgres.open()
        yield Pool(postgres, proxy)
        await postgres.close()


async def test_connections_that_expired_are_not_used_again(pool: Pool) -> None:
    before = await pool.pids(3)
    pool.proxy.silence()
    pool.postgres.expire()
    async with asyncio.timeout(SOON):
        after = await pool.pids(3)
    assert len(before | after) == 6


async def test_work_that_begins_at_once_gets_none_of_them_either(pool: Pool) -> None:
    before = await pool.pid()
    pool.proxy.silence()
    pool.postgres.expire()
    async with asyncio.timeout(SOON):
        assert await pool.pid() != before


async def test_one_that_expires_in_use_finishes_its_work(pool: Pool) -> None:
    async with pool.postgres.transaction() as connection:
        pid = await connection.value("select pg_backend_pid()")
        pool.postgres.expire()
        assert await connection.value("select pg_backend_pid()") == pid
    assert await pool.pid() != pid


async def test_who_is_cancelled_waits_for_no_answer(pool: Pool) -> None:
    """A pipeline that lost its lock must be gone before another works."""
    pid = await pool.pid()
    pool.proxy.silence()
    waiting = asyncio.create_task(pool.pid())
    await pool.proxy.swallowing.wait()
    waiting.cancel()
    async with asyncio.timeout(SOON):
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        assert await pool.pid() != pid


class LosingRelay(Relay):
    """A relay that says when it has looked at the configuration, and when it lost its locks."""

    def __init__(self, url: str, direct_url: str) -> None:
        super().__init__(process_config(url, direct_url))
        self._looks = 0
        self.lost = asyncio.Event()

    def _match(self, configured: Sequence[Configured]) -> None:
        super()._match(configured)
        self._looks += 1

    def _lost(self) -> None:
        super()._lost()
        self.lost.set()

    async def settled(self) -> bool:
        """Whether it has looked at its start, and again once it listened: all for a long time."""
        return self._looks == 2


async def test_a_relay_that_lost_its_locks_goes_on_with_new_connections(
    database: str, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended its lock connection may have left the pool's without anybody at their end."""
    # The pool is idle: else a connection in use hides the others.
    monkeypatch.setattr(relay_module, "LOOK", 3600)
    monkeypatch.setattr(retention, "SWEEP", 3600)
    await db.execute("select tide.outbox_create('orders')")
    async with proxied(database) as (proxy, url):
        relay = LosingRelay(url, database)
        async with running(relay):
            await until(relay.settled)
            proxy.silence()
            assert await db.fetchval(END_THE_LOCK_CONNECTION)
            await relay.lost.wait()
            assert b'outbox="orders"' in await relay.scrape()
