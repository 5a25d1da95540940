"""The relay's transactions are READ COMMITTED, whatever the role's default is."""

import asyncpg
import pytest

from pg_tide.postgres import Postgres, pool
from pg_tide.postgres import connection as door
from tests.fixtures.sql import Connection, refusal
from tests.integration.rules.stage import Stage, poll

NOT_REFUSED = {"<> 'read committed'": "= 'none'"}
ISOLATION = "select current_setting('transaction_isolation')"
OPEN_WINDOW = "select * from tide._open_window(1, gen_random_uuid(), 1, '3:3:', 1, 1)"
NEXT_PAGE = "select * from tide._next_page(1, gen_random_uuid(), 1, '3:3:', '3:3:', 0, 1, 1)"
COMMIT = "select tide._commit(1, gen_random_uuid(), '(0,1)', '3:3:', null, 0, 0, 0)"
TAKE_OVER = "select tide._take_over(1, gen_random_uuid())"
SWEEP = "select tide.outbox_sweep()"
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'latest')"
LEVELS = ["serializable", "repeatable read"]


async def set_default(db: Connection, level: str) -> None:
    """Give all who connect from now on, and a role's transactions, another isolation level."""
    name = await db.fetchval("select current_database()")
    await db.execute(f"alter database {name} set default_transaction_isolation = '{level}'")


@pytest.fixture
async def late_postgres(stage: Stage) -> Postgres:
    """Return the relay's pool, whose connections are opened when they are used."""
    return Postgres(stage.postgres.url)


@pytest.mark.parametrize("level", LEVELS)
async def test_every_transaction_says_its_level(
    stage: Stage, late_postgres: Postgres, level: str
) -> None:
    await set_default(stage.db, level)
    await late_postgres.open()
    for read_only in (False, True):
        async with late_postgres.transaction(read_only=read_only) as connection:
            assert await connection.value(ISOLATION) == "read committed"
    lock_connection = await door.connect(stage.postgres.url)
    assert await lock_connection.value(ISOLATION) == level
    async with lock_connection.transaction():
        assert await lock_connection.value(ISOLATION) == "read committed"
    await lock_connection.close()
    await late_postgres.close()


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("level", LEVELS)
async def test_a_statement_alone_has_that_level_too(
    stage: Stage, level: str, *, pooled: bool
) -> None:
    await set_default(stage.db, level)
    postgres = Postgres(stage.postgres.url, pooled=pooled)
    await postgres.open()
    for _ in range(2):
        assert await postgres.value(ISOLATION) == "read committed"
        assert await postgres.row(ISOLATION) == ("read committed",)
        assert await postgres.rows(ISOLATION) == [("read committed",)]
    await postgres.close()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("call", [OPEN_WINDOW, NEXT_PAGE, COMMIT, TAKE_OVER, SWEEP, SEEK])
async def test_functions_refuse_any_other_level(stage: Stage, level: str, call: str) -> None:
    await stage.db.execute(f"begin isolation level {level}")
    refused = await refusal(stage.db, call)
    assert refused.sqlstate == "TD003"
    assert level.upper() in refused.message
    assert refused.hint is not None
    assert "READ COMMITTED" in refused.hint
    await stage.db.execute("rollback")


async def stock_is_counted(stage: Stage) -> None:
    """Poll between an application's read and its publish; raises what ends its transaction.

    Without the poll the application's three transactions have an order: it read the stock before
    the other one wrote it.
    """
    await stage.db.execute("drop table if exists stock; create table stock as select 10 as count")
    reader = await stage.reader()
    application, other = await stage.connect(), await stage.connect()
    async with application.transaction():
        await application.execute("select count from stock")
        await other.execute("update stock set count = 9")
        await poll(reader)
        await stage.publish("sold", by=application)


async def test_a_serializable_reader_aborts_publishers(
    stage: Stage, late_postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a reader with a database's default it takes part in the order of transactions.

    It saw the other's write but not the publisher's message, and the publisher, who did not see
    the write, cannot be put after it: its transaction is ended.
    """
    await set_default(stage.db, "serializable")
    await late_postgres.open()
    await stock_is_counted(stage._replace(postgres=late_postgres))
    await stage.simplify("_require_read_committed", NOT_REFUSED)
    await stock_is_counted(stage._replace(postgres=late_postgres))
    await late_postgres.close()
    monkeypatch.setattr(pool, "SESSION", "SELECT 1")
    await late_postgres.open()
    with pytest.raises(asyncpg.SerializationError):
        await stock_is_counted(stage._replace(postgres=late_postgres))
    await late_postgres.close()
