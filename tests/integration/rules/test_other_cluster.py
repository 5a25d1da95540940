"""A position means nothing in another cluster, where transaction ids start afresh."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator

import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.errors import FatalError, LeaseLost
from pg_tide.outbox import Outbox
from pg_tide.ownership import Ownership
from pg_tide.position import Lease
from tests.fixtures.postgres import database_url, fresh_database
from tests.fixtures.sql import refusal
from tests.integration.rules.dump import copy_database, outrun
from tests.integration.rules.stage import Stage, drain, poll, staged, take_over

REBASE = "SELECT tide.outbox_rebase('orders')"
WORDS = 'outbox "orders" was restored into another cluster'
OF_THE_GROUP = "    where p.group_id = _refuse_foreign_position.group_id\n"
NOT_REFUSED = {OF_THE_GROUP: f"{OF_THE_GROUP}      and false\n"}
OF_THE_OUTBOX = "    where o.id = outbox_id and o.writer_xmin is distinct from o.xmin;\n"
OUTBOX_NOT_REFUSED = {OF_THE_OUTBOX: "    where false;\n"}
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
CREATE = "select tide.consumer_group_create('orders', 'other', 'latest')"
OWN_POSITIONS = "select count(*) from tide.position where writer_xmin = xmin"
VISIBLE = (
    "case when pg_visible_in_snapshot(w.xid, (select pg_current_snapshot())) then w.id\n"
    "             else tide._foreign_xid(_open_window.outbox_id, w.id) end"
)
ANY_WRITER = {" and l.writer_xmin = l.xmin)": ")"}


@pytest.fixture
async def ahead(stage: Stage, own_server: EmbeddedPostgres, own_template: str) -> Stage:
    """Return the stage, its cluster's transaction ids being beyond those of the other one."""
    await outrun(stage.db, database_url(own_server.url, own_template))
    return stage


async def delivered(stage: Stage) -> Lease:
    """Deliver a message and write the position; the lease, as good as it is for going on."""
    lease = await take_over(stage.keeper)
    reader = Outbox(stage.postgres, 1, "orders", lease)
    message_id = await stage.publish()
    assert await drain(reader) == [message_id]
    await reader.commit(reader.position, 1, 0)
    return dataclasses.replace(lease, position=reader.position)


@contextlib.asynccontextmanager
async def restored(stage: Stage, server: EmbeddedPostgres) -> AsyncIterator[Stage]:
    """Yield the stage as a dump brings it to another cluster."""
    with fresh_database(server.url) as url:
        copy_database(stage.postgres.url, url)
        async with staged(url) as there:
            yield there


async def test_a_restored_position_is_refused_in_words_that_name_the_cure(
    ahead: Stage, own_server: EmbeddedPostgres
) -> None:
    """What is published in the new cluster has lower transaction ids than what was delivered.

    Read on from the restored position, it looks delivered.
    """
    await delivered(ahead)
    async with restored(ahead, own_server) as there:
        message_id = await there.publish()
        owner = Ownership(there.postgres.url, "new", lambda: None)
        await owner.start()
        with pytest.raises(FatalError, match=WORDS) as refused:
            await owner.acquire(1)
        await owner.stop()
        assert refused.value.reason == "foreign_cluster"
        assert REBASE in (refused.value.hint or "")

        await there.simplify("_refuse_foreign_position", NOT_REFUSED)
        reader = await there.reader()
        assert await drain(reader) == []
        assert await there.db.fetchval("select max(id) from tide.message") == message_id


@pytest.mark.parametrize("call", [SEEK, CREATE])
async def test_seeks_and_new_groups_are_refused_too(
    ahead: Stage, own_server: EmbeddedPostgres, call: str
) -> None:
    """The row that came along is looked at before it is written.

    Written first, or not looked at, it is this cluster's own from then on: nothing tells any more
    that the transaction ids of its messages are not.
    """
    await delivered(ahead)
    async with restored(ahead, own_server) as there:
        refused = await refusal(there.db, call)
        assert refused.sqlstate == "TD002"
        assert WORDS in refused.message
        assert REBASE in (refused.hint or "")

        await there.simplify("_refuse_foreign_position", NOT_REFUSED)
        await there.simplify("_refuse_foreign_outbox", OUTBOX_NOT_REFUSED)
        await there.db.execute(call)
        assert await there.db.fetchval(OWN_POSITIONS) == 1


async def test_a_message_of_a_transaction_yet_to_begin_proves_foreign_ids(
    ahead: Stage, own_server: EmbeddedPostgres
) -> None:
    """A row that is there although its transaction is not over is in no snapshot.

    No window that is done holds it, and each brings it again, with what was delivered there.
    """
    await delivered(ahead)
    message_id = await ahead.publish()
    delivered_id = message_id - 1
    async with restored(ahead, own_server) as there:
        await there.simplify("_refuse_foreign_position", NOT_REFUSED)
        with pytest.raises(FatalError, match=WORDS) as refused:
            await poll(await there.reader())
        assert refused.value.reason == "foreign_cluster"

        await there.simplify("_open_window", {VISIBLE: "w.id"})
        reader = await there.reader()
        assert await poll(reader) == [message_id]
        for _ in range(2):
            assert await poll(reader) == [delivered_id, message_id]


async def test_a_lease_that_a_dump_carried_along_is_not_valid(
    ahead: Stage, own_server: EmbeddedPostgres
) -> None:
    """A dump has the rows of unlogged tables too.

    A relay that finds the new cluster at the old address would go on with what it has in memory.
    """
    lease = await delivered(ahead)
    async with restored(ahead, own_server) as there:
        assert await there.db.fetchval("select epoch from tide.lease") == lease.epoch
        await there.publish()
        moved = Outbox(there.postgres, 1, "orders", lease)
        with pytest.raises(LeaseLost):
            await poll(moved)
        with pytest.raises(LeaseLost):
            await moved.commit(moved.position, 0, 0)

        for function in ("_lease_floor", "_commit"):
            await there.simplify(function, ANY_WRITER)
        assert await drain(moved) == []
        await moved.commit(moved.position, 0, 0)
