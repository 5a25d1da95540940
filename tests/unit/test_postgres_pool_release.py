"""Giving a pooled connection back, when nobody waits for that any more."""

import asyncio
import gc
from typing import Any

from pg_tide.postgres import Postgres


class Raw:
    """A connection that never answers."""

    async def execute(self, _: str) -> None:
        await asyncio.Event().wait()

    def terminate(self) -> None:
        pass


class Pool:
    """Gives it back when told, and fails at it."""

    def __init__(self) -> None:
        self.acquired, self.releasing, self.go = (asyncio.Event() for _ in range(3))

    async def acquire(self, timeout: float) -> Raw:  # noqa: ARG002, ASYNC109 - as asyncpg's
        self.acquired.set()
        return Raw()

    async def release(self, raw: Raw, timeout: float) -> None:  # noqa: ARG002, ASYNC109
        self.releasing.set()
        await self.go.wait()
        raise RuntimeError("it is free")


async def test_a_release_that_fails_unheard_is_no_news() -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    postgres, pool = Postgres("postgresql://nobody@nowhere/nothing"), Pool()
    postgres._pool = pool  # noqa: SLF001 - in place of a server
    working = asyncio.create_task(postgres.at_once("SELECT 1"))
    await pool.acquired.wait()
    await asyncio.sleep(0)
    working.cancel()
    await pool.releasing.wait()
    working.cancel()
    await asyncio.wait({working})
    pool.go.set()
    await asyncio.sleep(0.01)
    gc.collect()
    assert told == []
