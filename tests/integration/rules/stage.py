"""The stage on which a rule is shown: one outbox, readers of it, and parts made simpler.

A simpler version is the real text with words replaced; when those words are not there any more,
the test fails and has to be thought about again.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

import asyncpg

from pg_tide.outbox import Outbox
from pg_tide.ownership import INTENTS, TAKE_OVER, lease_of
from pg_tide.position import Lease
from pg_tide.postgres import Postgres
from tests.fixtures.sql import Connect, Connection

SQL = Path(__file__).parents[3] / "sql"
GATE = 7
PASS_GATE = f"perform pg_advisory_lock_shared({GATE}); perform pg_advisory_unlock_shared({GATE});"
SET_UP = "select tide.outbox_create('orders'); select tide.consumer_group_create('orders', 'relay')"
BIG = 10_000_000  # bytes


def simpler(path: str, changes: Mapping[str, str]) -> str:
    """Return the text of a file below sql/ with parts replaced that stand in it exactly once."""
    text = (SQL / path).read_text("utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
        text = text.replace(old, new)
    return text


async def until(observer: Connection, condition: str, *values: object) -> None:
    """Return once a condition of the database is true."""
    for _ in range(2000):
        if await observer.fetchval(f"select {condition}", *values):
            return
        await asyncio.sleep(0.005)
    raise TimeoutError(f"never true: {condition}")


async def until_blocked(observer: Connection, pid: int) -> None:
    """Return once this backend waits for somebody's lock."""
    await until(observer, "cardinality(pg_blocking_pids($1)) > 0", pid)


class Gate:
    """Holds up whoever passes PASS_GATE while it is closed."""

    def __init__(self, keeper: Connection) -> None:
        self._keeper = keeper

    async def close(self) -> None:
        await self._keeper.execute(f"select pg_advisory_lock({GATE})")

    async def open(self) -> None:
        await self._keeper.execute(f"select pg_advisory_unlock({GATE})")

    async def reached(self) -> None:
        """Return once somebody stands before it."""
        await until(
            self._keeper,
            "exists (select from pg_locks where locktype = 'advisory' and not granted"
            " and objid::int = $1 and database = (select oid from pg_database"
            " where datname = current_database()))",
            GATE,
        )


async def take_over(keeper: Connection, group_id: int = 1) -> Lease:
    """Take a group over, on the connection that keeps its lock, as a relay does."""
    assert await keeper.fetchval("select tide._lock_held($1) or tide._try_lock($1)", group_id)
    async with keeper.transaction():
        row = await keeper.fetchrow(TAKE_OVER, group_id, uuid.uuid4())
        assert row is not None
        intents = await keeper.fetch(INTENTS, group_id, row["epoch"])
    return lease_of(group_id, row, intents)


class Stage(NamedTuple):
    """A database with the outbox `orders` (1) and its consumer group `relay` (1)."""

    db: Connection
    keeper: Connection  # of the groups' locks
    connect: Connect
    postgres: Postgres

    async def publish(self, payload: object = 1, by: "Connection | None" = None) -> int:
        """Publish a message, in a transaction of its own or the one that `by` has open."""
        message_id: int = await (by or self.db).fetchval(
            "select tide.outbox_publish('orders', to_jsonb($1::text))", str(payload)
        )
        return message_id

    async def reader(self, kind: type[Outbox] = Outbox, group_id: int = 1) -> Outbox:
        """Take a group over, and read on from its position."""
        return kind(self.postgres, 1, "orders", await take_over(self.keeper, group_id))

    async def simplify(self, function: str, changes: Mapping[str, str]) -> None:
        """Replace a function by a simpler version of it."""
        await self.db.execute(simpler(f"functions/{function}.sql", changes))


@contextlib.asynccontextmanager
async def staged(url: str) -> AsyncIterator[Stage]:
    """Yield a stage in any database, with connections of its own."""
    opened: list[Connection] = []

    async def connect() -> Connection:
        opened.append(await asyncpg.connect(url, command_timeout=20))
        return opened[-1]

    pool = Postgres(url)
    await pool.open()
    try:
        yield Stage(await connect(), await connect(), connect, pool)
    finally:
        await pool.close()
        for connection in opened:
            await connection.close(timeout=5)


async def poll(outbox: Outbox, max_messages: int = 100, max_bytes: int = BIG) -> list[int]:
    """The ids of the next page."""
    return [message.id for message in (await outbox.poll(max_messages, max_bytes)).messages]


async def drain(outbox: Outbox, max_messages: int = 100, max_bytes: int = BIG) -> list[int]:
    """The ids of all pages to come, in order."""
    found: list[int] = []
    while page := await poll(outbox, max_messages, max_bytes):
        found += page
    return found
