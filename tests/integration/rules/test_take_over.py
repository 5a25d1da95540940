"""Who has the lock takes over, whatever a frozen relay left behind; an operator is waited for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from pg_tide import lock_connection, ownership
from pg_tide.errors import TransientError
from pg_tide.ownership import Ownership
from tests.fixtures.proxy import proxied
from tests.integration.rules.stage import Stage, until

LOCK_ROW = "select epoch from tide.position where group_id = 1 for no key update"
IDLE_LIMIT = 9.0  # seconds, before PostgreSQL ends it by itself
CONFIG = '{"brokers": "localhost:9092", "topic": "t"}'
HOLDS = (
    "exists (select from pg_locks l join pg_stat_activity a using (pid)"
    " where l.locktype = 'advisory' and l.granted and a.application_name = $1)"
)


@contextlib.asynccontextmanager
async def owner(stage: Stage, name: str) -> AsyncIterator[Ownership]:
    """Yield a relay's ownership, started."""
    one = Ownership(stage.postgres.url, name, lambda: None)
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


async def test_a_frozen_relays_transaction_is_ended(stage: Stage) -> None:
    """Else the take-over waits until PostgreSQL ends it, and fails meanwhile."""
    async with owner(stage, "new") as new:
        with contextlib.suppress(TransientError):
            async with stage.postgres.transaction() as frozen:
                await frozen.value(LOCK_ROW)
                async with asyncio.timeout(5):
                    lease = await new.acquire(1)
        assert lease is not None
        assert await stage.db.fetchval("select epoch from tide.position") == lease.epoch


async def test_who_gives_a_group_back_leaves_no_lease(stage: Stage) -> None:
    """A lease without its relay tells of a crash."""
    async with owner(stage, "first") as first, owner(stage, "second") as second:
        assert await first.acquire(1) is not None
        await first.release(1)
        assert await stage.db.fetchval("select count(*) from tide.lease") == 0
        assert await second.acquire(1) is not None
        await second.forget(1)
        lease = await first.acquire(1)
        assert lease is not None
        assert lease.crashes == 0


async def test_an_operators_transaction_is_not_ended(stage: Stage) -> None:
    """Whoever seeks and looks at what that does has not decided yet."""
    operator = await stage.connect()
    await operator.execute("begin")
    await operator.execute("select tide.consumer_group_seek('orders', 'relay', 'latest')")
    async with owner(stage, "new") as new:
        with pytest.raises(TransientError, match=f"session {operator.get_server_pid()} ") as named:
            await new.acquire(1)
        assert named.value.reason == "position_locked"
        await operator.execute("commit")
        assert new.holds(1), "nobody else need try"
        assert await new.acquire(1) is not None


async def test_what_a_silent_relay_holds_is_taken(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL 13 ends no idle session by itself, and keepalives are answered by the kernel."""
    await stage.db.execute("select tide.relay_set_outbox('p', 'orders', 'relay', $1)", CONFIG)
    monkeypatch.setattr(ownership, "IDLE_LIMIT", "0")
    monkeypatch.setattr(ownership, "LOOK", 3600)
    async with owner(stage, "frozen") as frozen:
        assert await frozen.acquire(1) is not None
        await stage.simplify("_is_silent", {"10 seconds": "1 second"})
        monkeypatch.setattr(ownership, "LOOK", 0.1)
        async with owner(stage, "new") as new:
            new.want(1)
            await until(stage.db, HOLDS, "pg-tide new")
            lease = await new.acquire(1)
    assert lease is not None
    assert lease.crashes == 1


async def test_a_relay_that_was_cut_off_need_not_wait_for_its_own_lock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not know yet that nobody is at the other end of its earlier connection."""
    await stage.db.execute("select tide.relay_set_outbox('p', 'orders', 'relay', $1)", CONFIG)
    monkeypatch.setattr(lock_connection, "ANSWER", 0.5)
    lost, locked = asyncio.Event(), asyncio.Event()

    def looked() -> None:
        if lost.is_set() and one.holds(1):
            locked.set()

    async with proxied(stage.postgres.url) as (proxy, url), asyncio.timeout(IDLE_LIMIT):
        one = Ownership(url, "cut off", lost.set, looked)
        await one.start()
        assert await one.acquire(1) is not None
        one.want(1)
        proxy.silence()
        await locked.wait()
        lease = await one.acquire(1)
        assert lease is not None
        assert lease.crashes == 0
        await one.stop()
