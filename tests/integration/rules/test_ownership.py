"""A group is taken over where its lock is held, under an epoch that nobody had before."""

import uuid

import pytest

from pg_tide.errors import LeaseLost, TransientError
from pg_tide.ownership import Ownership
from tests.fixtures.sql import refusal
from tests.integration.rules.stage import Stage, poll, take_over, until

TAKE_OVER = "select tide._take_over(1, gen_random_uuid())"
EPOCH = "select epoch from tide.position where group_id = 1"
GONE = "not exists (select from pg_stat_activity where application_name = $1)"
ANYWHERE = {"if not tide._lock_held(_take_over.group_id) then": "if false then"}


async def test_a_group_is_taken_over_only_where_its_lock_is_held(stage: Stage) -> None:
    """A relay may believe that it holds a lock which its connection lost on the way.

    Behind a pooler, or after a reconnect that nobody told of. Taking over anywhere, it ends the
    lease of the relay that does hold the lock; that one takes over anew, and so on.
    """
    owner, rival = await stage.reader(), await stage.connect()
    message_id = await stage.publish()
    assert (await refusal(rival, TAKE_OVER)).sqlstate == "TD001"
    assert await poll(owner) == [message_id]
    await stage.simplify("_take_over", ANYWHERE)
    await rival.execute(TAKE_OVER)
    assert await stage.keeper.fetchval("select tide._lock_held(1)")
    with pytest.raises(LeaseLost):
        await poll(owner)


async def test_the_lock_of_another_group_or_database_does_not_count(stage: Stage) -> None:
    rival = await stage.connect()
    await rival.execute("select pg_advisory_lock(tide._lock_class(), 2)")
    await rival.execute("select pg_advisory_lock((tide._lock_class()::bigint << 32) + 1)")
    await rival.execute("select pg_advisory_xact_lock(1)")
    assert (await refusal(rival, TAKE_OVER)).sqlstate == "TD001"


async def test_every_take_over_has_a_random_epoch(stage: Stage) -> None:
    epochs = {(await take_over(stage.keeper)).epoch for _ in range(20)}
    assert len(epochs) == 20
    assert {epoch.version for epoch in epochs} == {4}
    assert {epoch.variant for epoch in epochs} == {uuid.RFC_4122}


async def test_a_failed_take_over_changes_nothing(stage: Stage) -> None:
    reader = await stage.reader()
    epoch = await stage.db.fetchval(EPOCH)
    assert (await refusal(await stage.connect(), TAKE_OVER)).sqlstate == "TD001"
    assert await stage.db.fetchval(EPOCH) == epoch
    assert await poll(reader) == []


async def test_a_lock_connection_that_is_of_no_use_is_closed(stage: Stage) -> None:
    """A standby takes connections; tried again and again, they must not pile up."""
    database = await stage.db.fetchval("select current_database()")
    await stage.db.execute(f"alter database {database} set default_transaction_read_only = on")
    owner = Ownership(stage.postgres.url, "useless", lambda: None)
    with pytest.raises(TransientError) as refused:
        await owner.start()
    assert refused.value.reason == "standby"
    await until(stage.db, GONE, "pg-tide useless")
    await owner.stop()
