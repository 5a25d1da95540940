"""Where transaction ids go on, nothing is refused: the stored xmin is the row's own."""

import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from tests.fixtures.sql import Connection, refusal
from tests.integration.rules.stage import Stage, drain, take_over

FOREIGN = "select tide._outbox_is_foreign(1)"
STALE_LEASES = "select count(*) from tide.lease where writer_xmin <> xmin"
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
COMMIT = "select tide._commit(1, $1, $2::text::tid, '3:3:', null, 0, 0, 0)::text"
XID_OF_TRANSACTION = "pg_current_xact_id()::xid"


async def in_savepoint(db: Connection, *statements: str) -> None:
    """Run statements in a savepoint of a transaction that has its xid already."""
    async with db.transaction():
        await db.execute("select pg_current_xact_id()")
        async with db.transaction():
            for statement in statements:
                await db.execute(statement)


@pytest.mark.parametrize(
    "moving",
    [
        "vacuum (freeze) tide.{0}",
        "vacuum (full) tide.{0}",
        "vacuum (full, freeze) tide.{0}",
        "cluster tide.{0} using {0}_pkey",
    ],
)
async def test_a_row_that_is_frozen_or_moved_keeps_its_xmin(stage: Stage, moving: str) -> None:
    message_id = await stage.publish()
    reader = await stage.reader()
    assert await drain(reader) == [message_id]
    for table in ("outbox", "position", "lease"):
        await stage.db.execute(moving.format(table))
    await reader.commit(reader.position, 1, 0)
    assert not await stage.db.fetchval(FOREIGN)
    await stage.db.execute(SEEK)
    assert await drain(await stage.reader()) == [message_id]


@pytest.mark.parametrize("end", [EmbeddedPostgres.crash, EmbeddedPostgres.stop])
async def test_a_server_that_was_started_again_is_the_same(
    own_stage: Stage, own_server: EmbeddedPostgres, end: object
) -> None:
    message_id = await own_stage.publish()
    assert callable(end)
    end(own_server)
    own_server.start()
    stage = own_stage._replace(db=await own_stage.connect(), keeper=await own_stage.connect())
    assert not await stage.db.fetchval(FOREIGN)
    await stage.db.execute(SEEK)
    assert await drain(await stage.reader()) == [message_id]


async def test_what_is_written_inside_a_savepoint_is_of_this_cluster(stage: Stage) -> None:
    """A row written inside a savepoint bears the savepoint's id, not the transaction's.

    The transaction's own id stored in it, the row looks foreign ever after.
    """
    await in_savepoint(stage.db, SEEK, "select tide.outbox_alter('orders', 12)")
    assert not await stage.db.fetchval(FOREIGN)
    for function, stored in (("_stamp_position", "p.xmin"), ("_stamp_outbox", "o.xmin")):
        await stage.simplify(function, {stored: XID_OF_TRANSACTION})
    await in_savepoint(stage.db, SEEK)
    assert await stage.db.fetchval(FOREIGN)
    assert (await refusal(stage.db, SEEK)).sqlstate == "TD002"


async def test_no_exception_block_stands_between_a_write_and_its_stamp(stage: Stage) -> None:
    """Such a block is a savepoint: the stamp has its id, and stores that of the write."""
    text = {
        "language sql\n": "language plpgsql\n",
        "as $$\n": "as $$ begin begin\n",
        ";\n$$;": "; exception when division_by_zero then null; end; end $$;",
    }
    await stage.simplify("_stamp_position", text)
    await stage.db.execute(SEEK)
    assert await stage.db.fetchval(FOREIGN)


async def test_a_relay_may_write_inside_a_savepoint_too(stage: Stage) -> None:
    keeper = stage.keeper
    async with keeper.transaction():
        await keeper.execute("select pg_current_xact_id()")
        async with keeper.transaction():
            lease = await take_over(keeper)
            moved = await keeper.fetchval(COMMIT, lease.epoch, lease.row_ctid)
    assert moved == await stage.db.fetchval("select ctid::text from tide.position")
    assert not await stage.db.fetchval(FOREIGN)
    assert await stage.db.fetchval(STALE_LEASES) == 0
    await stage.db.fetchval(COMMIT, lease.epoch, moved)
