"""A relay that froze keeps neither its locks nor its rows locked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from pg_tide import lock_connection, ownership
from pg_tide.errors import TransientError
from pg_tide.ownership import Ownership
from pg_tide.postgres import connection as door
from tests.integration.rules.stage import Stage, until

LIMIT = "SET LOCAL idle_in_transaction_session_timeout = '10s'"
SHOWN = "select current_setting('idle_in_transaction_session_timeout')"
LOCK_ROW = "select epoch from tide.position where group_id = $1 for no key update"
# Group 1 is the frozen one of the simpler version, which froze first; group 2 that of the real one.
LOCKED = "select exists (select from pg_locks where locktype = 'advisory' and objid = 1)"
FREE = "not exists (select from pg_locks where locktype = 'advisory' and objid = 2)"
ROW_LOCKED = (
    "select not exists (select from tide.position where group_id = 1 for update skip locked)"
)
ROW_FREE = "exists (select from tide.position where group_id = 2 for update skip locked)"


@pytest.fixture
async def two_groups(stage: Stage) -> Stage:
    """Return a stage with a second consumer group (2)."""
    await stage.db.execute("select tide.consumer_group_create('orders', 'other')")
    return stage


@contextlib.asynccontextmanager
async def frozen_owner(stage: Stage, group_id: int) -> AsyncIterator[asyncio.Event]:
    """Own a group on a connection that says nothing more; yield what is set when it is lost."""
    lost = asyncio.Event()
    owner = Ownership(stage.postgres.url, "frozen", lost.set)
    await owner.start()
    assert await owner.acquire(group_id) is not None
    yield lost
    await owner.stop()


async def test_a_frozen_lock_connection_is_closed(
    two_groups: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keepalives do not release the locks of a process that was stopped: its kernel answers them.

    Without a limit on the session's idleness its groups have no reader until somebody notices.
    """
    if two_groups.db.get_server_version().major < 14:
        pytest.skip("idle_session_timeout came with PostgreSQL 14")
    limit = float(ownership.IDLE_LIMIT.removesuffix("s"))
    assert ownership.LOOK + lock_connection.ANSWER < ownership.CERTAIN < limit
    monkeypatch.setattr(ownership, "LOOK", 3600)
    monkeypatch.setattr(lock_connection, "RECONNECT", 3600)
    monkeypatch.setattr(ownership, "IDLE_LIMIT", "0")
    async with frozen_owner(two_groups, 1) as first_lost:
        monkeypatch.setattr(ownership, "IDLE_LIMIT", "500ms")
        async with frozen_owner(two_groups, 2) as second_lost:
            await until(two_groups.db, FREE)
            await second_lost.wait()
            assert await two_groups.db.fetchval(LOCKED)
            assert not first_lost.is_set()


@contextlib.asynccontextmanager
async def frozen_transaction(stage: Stage, group_id: int) -> AsyncIterator[None]:
    """Lock a group's position in a transaction that goes no further."""
    with contextlib.suppress(TransientError):
        async with stage.postgres.transaction() as connection:
            await connection.value(LOCK_ROW, group_id)
            yield


async def test_a_frozen_transaction_is_ended(
    two_groups: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a limit on idling in it, its row locks stand in the way of every other relay."""
    real = door.BEGIN
    assert LIMIT in real
    monkeypatch.setattr(door, "BEGIN", real.replace(LIMIT, "SELECT 1"))
    async with frozen_transaction(two_groups, 1):
        monkeypatch.setattr(door, "BEGIN", real.replace("'10s'", "'500ms'"))
        async with frozen_transaction(two_groups, 2):
            await until(two_groups.db, ROW_FREE)
            assert await two_groups.db.fetchval(ROW_LOCKED)


async def test_every_transaction_has_the_limit_and_no_session_keeps_it(stage: Stage) -> None:
    for read_only in (False, True):
        async with stage.postgres.transaction(read_only=read_only) as pooled:
            assert await pooled.value(SHOWN) == "10s"
    connection = await door.connect(stage.postgres.url)
    async with connection.transaction():
        assert await connection.value(SHOWN) == "10s"
    assert await connection.value(SHOWN) == "0"
    await connection.close()
