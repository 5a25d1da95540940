"""A relay sweeps one outbox at a time, and gives up soon where somebody is in its way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from pg_tide import retention
from pg_tide.catalog import Catalog
from pg_tide.errors import TransientError
from pg_tide.postgres import Postgres
from pg_tide.postgres import connection as postgres_module
from pg_tide.relay import Relay
from tests.fixtures.proxy import proxied
from tests.fixtures.relay_process import until
from tests.fixtures.relay_task import process_config, running
from tests.fixtures.sql import Connect, Connection

# Each outbox gets a message that is over, in a slot that publishers have left.
SET_UP = """
select tide.outbox_create(name, retention_hours => 0) from unnest(array['orders', 'returns']) name;
select tide.outbox_publish(name, '{}') from unnest(array['orders', 'returns']) name;
"""
SLOT = "lock table tide.message_1_0 in access exclusive mode"
TOAST = """
do $$ begin execute (
  select format('select from %s', c.reltoastrelid::regclass) from pg_class c
  where c.oid = 'tide.message_1_0'::regclass
); end $$
"""
WAITS = """
select exists (select from pg_locks where relation = 'tide.message_1_0'::regclass
  and mode = 'AccessExclusiveLock' and granted and cardinality(pg_blocking_pids(pid)) > 0)
"""
ORDERS, RETURNS = 1, 2
SOON = 10  # seconds; who waits for what is in the way waits for ever

InTheWay = Callable[[str], Awaitable[Connection]]


async def left(db: Connection, outbox_id: int) -> int:
    """Return how many messages an outbox has; no other outbox is looked at."""
    messages = f"tide.message_{outbox_id:d}"
    number: int = await db.fetchval(f"select count(*) from {messages}")  # noqa: S608 - our own
    return number


@pytest.fixture
async def outboxes(db: Connection) -> Connection:
    """Return a connection to a database with two outboxes, both with a slot to sweep."""
    await db.execute(SET_UP)
    assert await db.fetchval("select tide.outbox_sweep()") == 0  # the rings have turned
    return db


@pytest.fixture
def in_the_way(connect: Connect) -> InTheWay:
    """Return a function that takes a lock in an open transaction."""

    async def take(lock: str) -> Connection:
        connection = await connect()
        await connection.execute("begin")
        await connection.execute(lock)
        return connection

    return take


@pytest.fixture
async def catalog(database: str) -> AsyncIterator[Catalog]:
    """Yield the catalogue of a relay."""
    postgres = Postgres(database)
    await postgres.open()
    yield Catalog(postgres, "default")
    await postgres.close()


@pytest.mark.parametrize("lock", [SLOT, TOAST], ids=["slot", "toast"])
async def test_a_sweep_gives_up_soon_and_keeps_no_other_outbox_from_being_swept(
    outboxes: Connection, in_the_way: InTheWay, catalog: Catalog, lock: str
) -> None:
    """What it waits for may be the slot, or only a part of it that autovacuum has in use."""
    somebody = await in_the_way(lock)
    async with asyncio.timeout(SOON):
        with pytest.raises(TransientError) as gave_up:
            await catalog.sweep(ORDERS)
        assert gave_up.value.reason == "locked"
        await catalog.sweep(RETURNS)
    assert await left(outboxes, RETURNS) == 0
    await somebody.execute("rollback")
    assert await left(outboxes, ORDERS) == 1
    await catalog.sweep(ORDERS)
    assert await left(outboxes, ORDERS) == 0


ALWAYS, NEVER = 60.0, 1e-9  # seconds between looks: whose turn it is is drawn by lot
KEPT = "select tide.outbox_alter('orders', retention_hours => 24)"


async def to_sweep(catalog: Catalog, seconds: float = ALWAYS) -> list[int]:
    """Return the outboxes to sweep."""
    return sorted(await catalog.to_sweep(seconds))


async def test_only_what_has_something_to_sweep_is_swept(
    outboxes: Connection, catalog: Catalog
) -> None:
    assert await to_sweep(catalog) == [ORDERS, RETURNS]
    await catalog.sweep(ORDERS)
    assert await to_sweep(catalog) == [RETURNS]
    await catalog.sweep(RETURNS)
    assert await to_sweep(catalog) == []
    await outboxes.execute("select tide.outbox_publish('orders', '{}')")
    assert await to_sweep(catalog) == [ORDERS]  # its ring may turn
    await catalog.sweep(ORDERS)
    await outboxes.execute(KEPT)
    assert await to_sweep(catalog) == []


@pytest.mark.parametrize(
    "broken",
    [
        "update tide.outbox set writer_xmin = '3' where id = 2",
        (
            "select tide.outbox_create('gone'); drop table tide.message_3_0, tide.message_3_1,"
            " tide.message_3_2, tide.message_3_3; delete from tide.outbox where id = 3"
        ),
        "drop table tide.message_2_2",
    ],
    ids=["foreign", "left behind", "missing"],
)
async def test_a_sweep_is_due_that_has_something_to_say_or_to_remove(
    outboxes: Connection, catalog: Catalog, broken: str
) -> None:
    for outbox_id in (ORDERS, RETURNS):
        await catalog.sweep(outbox_id)
    assert await to_sweep(catalog) == []
    await outboxes.execute(broken)
    assert RETURNS in await to_sweep(catalog)


async def test_where_messages_stay_for_days_it_looks_less_often(
    outboxes: Connection, catalog: Catalog
) -> None:
    """Looking through a hundred outboxes every few seconds is work, too."""
    assert await to_sweep(catalog, NEVER) == [ORDERS, RETURNS]
    await outboxes.execute(KEPT)
    assert await to_sweep(catalog, NEVER) == [RETURNS]


@pytest.mark.usefixtures("outboxes")
async def test_a_look_for_what_to_sweep_waits_for_nobody(
    in_the_way: InTheWay, catalog: Catalog
) -> None:
    await catalog.sweep(ORDERS)
    await catalog.sweep(RETURNS)
    await in_the_way(SLOT)
    async with asyncio.timeout(SOON):
        assert await to_sweep(catalog) == [ORDERS]  # which will say who is in the way


async def test_nobody_waits_long_behind_a_sweep_that_waits(
    outboxes: Connection,
    in_the_way: InTheWay,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has locked the slot by then, and whoever reads or writes there comes behind it."""
    monkeypatch.setattr(postgres_module, "PATIENCE", "1s")  # time to come behind it
    await in_the_way(TOAST)
    sweeping = asyncio.create_task(catalog.sweep(ORDERS))
    await until(lambda: outboxes.fetchval(WAITS))
    async with asyncio.timeout(SOON):
        assert await left(outboxes, ORDERS) == 1
        with pytest.raises(TransientError):
            await sweeping


async def test_a_sweep_needs_no_relay_to_end(outboxes: Connection, database: str) -> None:
    """A relay that freezes between its statements would keep what it locked."""
    async with proxied(database) as (proxy, url):
        postgres = Postgres(url)
        await postgres.open()
        proxy.silence_answers()
        sweeping = asyncio.create_task(Catalog(postgres, "default").sweep(ORDERS))

        async def swept() -> bool:
            return await left(outboxes, ORDERS) == 0

        await until(swept)
        assert not sweeping.done()
        sweeping.cancel()
        await asyncio.wait({sweeping})
        await postgres.close()


async def test_a_relay_sweeps_the_others_and_says_once_what_it_could_not(
    outboxes: Connection,
    in_the_way: InTheWay,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "SWEEP", 0.02)
    somebody = await in_the_way(SLOT)

    async def swept(outbox_id: int) -> None:
        async def empty() -> bool:
            return await left(outboxes, outbox_id) == 0

        await until(empty)

    with capture_logs() as log:
        async with running(Relay(process_config(database))):
            await swept(RETURNS)
            for _ in range(3):  # by a sweep that comes after one of the other that failed
                await outboxes.execute("select tide.outbox_publish('returns', '{}')")
                await swept(RETURNS)
            await somebody.execute("rollback")
            await swept(ORDERS)
    said = [line for line in log if line["event"] == "cannot sweep"]
    assert [line["outbox"] for line in said] == [ORDERS]
