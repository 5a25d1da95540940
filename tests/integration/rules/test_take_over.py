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


@pytest.fixture
async def looking(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["Looking"]:
    """Yield a relay that has looked around, and would look again in an hour."""
    await stage.db.execute("select tide.relay_set_outbox('p', 'orders', 'relay', $1)", CONFIG)
    monkeypatch.setattr(ownership, "LOOK", 3600)
    one = Looking(stage.postgres.url)
    await one.start()
    await one.again()
    yield one
    await one.stop()


class Looking(Ownership):
    """Tells of each look."""

    def __init__(self, url: str) -> None:
        self._told = asyncio.Event()
        super().__init__(url, "looking", lambda: None, self._told.set)

    async def again(self) -> None:
        """Wait until it has looked once more."""
        async with asyncio.timeout(5):
            await self._told.wait()
        self._told.clear()

    @property
    def has_looked(self) -> bool:
        """Whether it has looked since it did last."""
        return self._told.is_set()

    async def rested(self) -> None:
        """Wait until what was under way is over: questions are answered in turn."""
        for _ in range(3):
            await self._connection.there(self._connection.ask("SELECT 1"))

    async def looks_twice_at_a_time(self) -> None:
        """Look in between while it looks anyway."""
        regular = self._connection.soon(self._beat())
        between = self._connection.soon(self._look_at_once())
        await asyncio.wrap_future(regular)
        await asyncio.wrap_future(between)


async def test_what_is_new_is_looked_for_at_once(looking: Looking) -> None:
    await looking.begin()
    looking.want(1)
    await looking.again()
    assert looking.holds(1)


async def test_what_was_there_before_has_time_until_the_next_look(looking: Looking) -> None:
    """Relays that start together share it; the first one would take it all."""
    looking.want(1)
    await looking.begin()
    await looking.rested()
    assert not looking.has_looked
    assert not looking.holds(1)


async def test_looks_in_between_do_not_judge_who_is_silent(stage: Stage, looking: Looking) -> None:
    """After a suspended machine wakes, everybody's last look is long ago: two looks in a row."""
    async with owner(stage, "frozen") as frozen:
        assert await frozen.acquire(1) is not None
        await stage.simplify("_is_silent", {"10 seconds": "0 seconds"})
        await looking.begin()
        for group in range(2, 6):
            looking.want(group)
            await looking.again()
        assert await stage.db.fetchval(f"select {HOLDS}", "pg-tide frozen")


async def test_a_lock_is_taken_once_however_many_looks_there_are(
    stage: Stage, looking: Looking
) -> None:
    """One session may take a lock twice; freed once, it would be kept from everybody else."""
    looking.want(1)
    await looking.looks_twice_at_a_time()
    assert looking.holds(1)
    await looking.release(1)
    assert await stage.db.fetchval("select pg_try_advisory_lock(tide._lock_class(), 1)")


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
