"""A pool of connections, for whoever needs one for a short transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from pg_tide.postgres.connection import COMMAND_TIMEOUT, SESSION, Connection, legible
from pg_tide.postgres.errors import mapped

POOL_SIZE = 10


async def _as_it_was(_: Any) -> None:
    """Nobody changes the state of a pooled session, so there is nothing to reset."""


async def _of_one_level(raw: Any) -> None:
    """Make each statement that is sent alone a READ COMMITTED transaction."""
    await raw.execute(SESSION)


def _forget(releasing: asyncio.Future[None]) -> None:
    """Take note of how a release ended: a connection that cannot be had again is no news."""
    if not releasing.cancelled():
        releasing.exception()


class Postgres:
    """A pool of connections for short transactions; they are all alike, and stay so.

    `pooled` says that a pooler in transaction mode may stand in between, where sessions keep
    nothing: statements are then not kept prepared, and none is sent without a BEGIN.
    """

    def __init__(self, url: str, *, pooled: bool = False) -> None:
        self.url = url
        self._pool: Any = None
        self._expiring: set[asyncio.Future[None]] = set()
        self._pooled = pooled

    async def open(self) -> None:
        """Make the pool; raises when the first connection cannot be had."""
        with mapped(), legible():
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=1,
                max_size=POOL_SIZE,
                statement_cache_size=0 if self._pooled else 100,
                command_timeout=COMMAND_TIMEOUT,
                timeout=10,
                max_inactive_connection_lifetime=60,
                init=None if self._pooled else _of_one_level,
                reset=_as_it_was,
                server_settings={"application_name": "pg-tide pool"},
            )

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        """Every row of a query, which is a READ COMMITTED transaction of its own."""
        async with self._alone() as connection:
            return await connection.rows(sql, *values)

    async def row(self, sql: str, *values: Any) -> Any:
        """The first row of such a query, or None."""
        async with self._alone() as connection:
            return await connection.row(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row of such a query."""
        async with self._alone() as connection:
            return await connection.value(sql, *values)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        """A connection for one statement: one round trip, where sessions keep their level."""
        async with self._connection() as connection:
            work = connection.transaction() if self._pooled else connection.alone()
            async with work:
                yield connection

    @contextlib.asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> AsyncIterator[Connection]:
        """A transaction of several statements, on any connection of the pool."""
        async with self._connection() as connection, connection.transaction(read_only=read_only):
            yield connection

    async def at_once(self, statement: str) -> None:
        """Run a statement as a transaction in one round trip, on any connection of the pool."""
        async with self._connection() as connection:
            await connection.at_once(statement)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        if self._expiring:
            await asyncio.wait(self._expiring)
        with mapped():
            raw = await self._pool.acquire(timeout=COMMAND_TIMEOUT)
        try:
            yield Connection(raw)
        except BaseException:
            releasing = asyncio.ensure_future(self._pool.release(raw, timeout=5))
            releasing.add_done_callback(_forget)  # also when nobody waits for it any more
            with contextlib.suppress(Exception):
                await asyncio.shield(releasing)
            raise
        with contextlib.suppress(Exception):  # asyncpg itself sees to its end
            await self._pool.release(raw, timeout=5)

    def expire(self) -> None:
        """Use none of the connections again: one was lost, and the others may be half dead."""
        expiring = asyncio.ensure_future(self._pool.expire_connections())
        self._expiring.add(expiring)
        expiring.add_done_callback(self._expiring.discard)

    async def close(self) -> None:
        """Close every connection, by force after two seconds."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(2):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
