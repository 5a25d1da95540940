"""A position is written to its own row, by the relay that holds the group at that moment."""

import asyncio

import pytest

from pg_tide.errors import LeaseLost, TransientError
from pg_tide.outbox import Outbox
from pg_tide.position import Position, Snapshot
from tests.integration.rules.stage import PASS_GATE, Gate, Stage, drain, poll, take_over, until

UPDATE = "  update tide.position p\n    set done = _commit.done"
ITS_ROW = "where p.ctid = row_ctid and p.group_id = _commit.group_id and p.epoch = _commit.epoch\n"
ROW_OF = "select ctid::text from tide.position where group_id = $1"
POSITION_OF = "select done::text from tide.position where group_id = $1"
START = Position(Snapshot("3:3:"))
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
CONFIG = '{"brokers": "localhost:9092", "topic": "t"}'


async def commit(reader: Outbox) -> None:
    """Write the place read up to."""
    await reader.commit(reader.position, 0, 0)


@pytest.fixture
async def second(stage: Stage) -> Outbox:
    """Return a reader as another consumer group (2)."""
    await stage.db.execute("select tide.consumer_group_create('orders', 'other')")
    return await stage.reader(group_id=2)


async def written_where_another_row_went(stage: Stage, second: Outbox) -> tuple[str, str, str]:
    """Let the second group's row go where the first one's was, then write the first's position.

    Returns that position, and both as they then are.
    """
    reader = await stage.reader()
    await drain(reader)
    await commit(reader)
    was_at = await stage.db.fetchval(ROW_OF, 1)
    await stage.db.execute(SEEK)
    await stage.db.execute("vacuum tide.position")
    holder = await stage.connect()
    async with holder.transaction(isolation="repeatable_read"):
        await holder.execute("select from tide.position")  # what is free is then used in turn
        while await stage.db.fetchval(ROW_OF, 2) != was_at:
            await commit(second)
    await stage.publish()
    await drain(reader)
    await commit(reader)
    positions = [await stage.db.fetchval(POSITION_OF, group_id) for group_id in (1, 2)]
    return reader.position.done, positions[0], positions[1]


async def test_a_row_is_its_groups_own(stage: Stage, second: Outbox) -> None:
    """The place of a row version that is gone is given to another.

    By its ctid alone the second group's position is moved to where the first one is, over all
    that the second has yet to deliver.
    """
    untouched = await stage.db.fetchval(POSITION_OF, 2)
    written, first_now, second_now = await written_where_another_row_went(stage, second)
    assert (first_now, second_now) == (written, untouched)
    await stage.simplify("_commit", {ITS_ROW: "where p.ctid = row_ctid\n"})
    written, first_now, second_now = await written_where_another_row_went(stage, second)
    assert first_now != written
    assert second_now == written
    assert await drain(await stage.reader(group_id=2)) == []


async def written_late(stage: Stage, gate: Gate) -> BaseException | None:
    """Take the group over while its last owner writes, by way of a seek; what refused the write."""
    late = await stage.reader()
    await stage.publish()
    await drain(late)
    await gate.close()
    writing = asyncio.create_task(commit(late))
    await gate.reached()
    await stage.db.execute(SEEK)
    assert (await take_over(stage.keeper)).position == START
    await gate.open()
    await asyncio.wait({writing})
    return writing.exception()


async def stored(stage: Stage) -> Position:
    """The first group's position as it is written."""
    row = await stage.db.fetchrow(
        "select done::text, page::text, last_id from tide.position where group_id = 1"
    )
    assert row is not None
    return Position(*row)


async def test_a_row_is_written_under_its_epoch(stage: Stage, gate: Gate) -> None:
    """Between the look at the lease and the write, another relay may take the group over.

    By the group alone, the late write undoes what the new owner began from, here a seek: what was
    asked for is not delivered again.
    """
    await stage.simplify("_commit", {UPDATE: PASS_GATE + UPDATE})
    assert isinstance(await written_late(stage, gate), LeaseLost)
    assert await stored(stage) == START
    by_group = {UPDATE: PASS_GATE + UPDATE, ITS_ROW: "where p.group_id = _commit.group_id\n"}
    await stage.simplify("_commit", by_group)
    assert await written_late(stage, gate) is None
    assert await stored(stage) != START


async def test_a_position_is_written_while_a_seek_is_asked_for(stage: Stage) -> None:
    """A seek writes to the row too, but neither moves the position nor is undone by a write."""
    reader, other = await stage.reader(), await stage.connect()
    published = await stage.publish()
    assert await poll(reader) == [published]
    await commit(reader)
    pid = other.get_server_pid()
    async with other.transaction():
        await other.execute(SEEK)
        writing = asyncio.create_task(commit(reader))
        waits = f"exists (select from pg_stat_activity where {pid} = any (pg_blocking_pids(pid)))"
        await until(stage.db, waits)
    await writing
    assert await stored(stage) == reader.position
    await commit(reader)
    assert await drain(await stage.reader()) == [published]


@pytest.mark.parametrize("replayed", [{}, {"delivered": [1]}])
async def test_a_row_that_somebody_keeps_locked_is_not_waited_for_long(
    stage: Stage, replayed: dict[str, list[int]]
) -> None:
    """The statement itself has its patience, for no other says so before it."""
    await stage.db.execute("select tide.relay_set_outbox('p', 'orders', 'relay', $1)", CONFIG)
    reader, somebody = await stage.reader(), await stage.connect()
    await drain(reader)
    async with somebody.transaction():
        await somebody.execute("select from tide.position for update")
        async with asyncio.timeout(10):
            with pytest.raises(TransientError) as refused:
                await reader.commit(reader.position, 0, 0, replayed=replayed)
        assert refused.value.reason == "position_locked"
    await reader.commit(reader.position, 0, 0, replayed=replayed)
    assert await stored(stage) == reader.position
