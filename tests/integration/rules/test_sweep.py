"""A sweep waits for nobody, so nobody waits for it; and takes no message that somebody awaits."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.fixtures.sql import Connection, refusal
from tests.integration.rules.stage import (
    PASS_GATE,
    Gate,
    Stage,
    drain,
    poll,
    until,
    until_blocked,
)

SWEEP = "select tide.outbox_sweep('orders')"
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
WAITS = {"in access exclusive mode nowait": "in access exclusive mode"}
SLOW_VERDICT = {
    "as $$\nbegin\n  return ": "as $$\ndeclare verdict boolean;\nbegin\n  verdict := ",
    "slot);\nend $$;": f"slot); {PASS_GATE} return verdict;\nend $$;",
}
AGAIN = "what was published meanwhile.\n  if not tide._slot_is_over(outbox_id, slot) then"
NOT_AGAIN = {AGAIN: "\n  if false then"}
ANY_ISOLATION = {"<> 'read committed'": "= 'none'"}
NOBODY = {"    ) or reader.seek_request is not null then": "    ) and false then"}
NO_SEEK = {"    ) or reader.seek_request is not null then": "    ) then"}


@pytest.fixture
async def late(stage: Stage) -> Connection:
    """Return a publisher whose open transaction published to a slot that is otherwise over.

    Its message is the second; the first one was delivered, and the ring has turned since.
    """
    await stage.db.execute("select tide.outbox_alter('orders', 0)")
    reader = await stage.reader()
    await stage.publish()
    publisher = await stage.connect()
    await publisher.execute("begin")
    await stage.publish(by=publisher)
    assert await drain(reader) == [1]
    await reader.commit(reader.position, 1, 0)
    assert await stage.db.fetchval(SWEEP) == 0
    assert await stage.db.fetchval("select current_slot from tide.outbox") == 1
    return publisher


async def waits_for_a_sweep(stage: Stage, late: Connection) -> bool:
    """Sweep while somebody writes, and poll; whether the poll waits for the sweep."""
    sweeper, reader = await stage.connect(), await stage.reader()
    pid = sweeper.get_server_pid()
    sweeping = asyncio.create_task(sweeper.fetchval(SWEEP))
    stuck = asyncio.create_task(until_blocked(stage.db, pid))
    await asyncio.wait({sweeping, stuck}, return_when=asyncio.FIRST_COMPLETED)
    polling = asyncio.create_task(poll(reader))
    if waits := stuck.done():
        behind = f"exists (select from pg_stat_activity where {pid} = any (pg_blocking_pids(pid)))"
        await until(stage.db, behind)
        await late.execute("rollback")
    else:
        stuck.cancel()
    await asyncio.wait({stuck})
    assert await polling == []
    assert await sweeping == int(waits)
    return waits


async def test_a_sweep_waits_for_no_lock(stage: Stage, late: Connection) -> None:
    """A TRUNCATE that waits for a publisher has everybody wait who comes after it."""
    assert not await waits_for_a_sweep(stage, late)
    await stage.simplify("_empty_slot", WAITS)
    assert await waits_for_a_sweep(stage, late)


async def swept_while_committed(stage: Stage, late: Connection) -> int:
    """Commit the late message between the sweep's look at its slot and the lock."""
    gate, sweeper = Gate(await stage.connect()), await stage.connect()
    await gate.close()
    sweeping = asyncio.create_task(sweeper.fetchval(SWEEP))
    await gate.reached()
    await late.execute("commit")
    await gate.open()
    emptied: int = await sweeping
    return emptied


@pytest.mark.parametrize("simple", [False, True])
async def test_a_sweep_looks_again_under_the_lock(
    stage: Stage, late: Connection, simple: bool
) -> None:
    """What commits after the first look is not in it, and the lock alone does not show it."""
    await stage.simplify("_slot_is_over", SLOW_VERDICT)
    if simple:
        await stage.simplify("_empty_slot", NOT_AGAIN)
    assert await swept_while_committed(stage, late) == int(simple)
    assert await drain(await stage.reader()) == ([] if simple else [2])


async def test_a_sweep_looks_with_a_later_snapshot(stage: Stage, late: Connection) -> None:
    """In any other isolation level both looks are those of the transaction's first statement.

    The lock is granted, and what was committed since is truncated unseen.
    """
    sweeper = await stage.connect()
    await sweeper.execute("begin isolation level repeatable read; select 1; savepoint looked")
    await late.execute("commit")
    assert (await refusal(sweeper, SWEEP)).sqlstate == "TD003"
    await sweeper.execute("rollback to looked")
    assert await drain(await stage.reader()) == [2]
    await stage.simplify("_require_read_committed", ANY_ISOLATION)
    assert await sweeper.fetchval(SWEEP) == 1
    await sweeper.execute("commit")
    assert await drain(await stage.reader()) == []


async def nothing_read(stage: Stage) -> None:
    """The group has delivered nothing."""


async def half_a_window_read(stage: Stage) -> None:
    """The group has delivered a part of its window."""
    reader = await stage.reader()
    await poll(reader, max_messages=2)
    await reader.commit(reader.position, 2, 0)


async def another_group_lags(stage: Stage) -> None:
    """Only one of two groups has delivered everything."""
    await stage.db.execute("select tide.consumer_group_create('orders', 'other')")
    other = await stage.reader(group_id=2)
    await drain(other)
    await other.commit(other.position, 5, 0)


async def asked_to_seek(stage: Stage) -> None:
    """The group has delivered everything, but is to begin anew."""
    reader = await stage.reader()
    await drain(reader)
    await reader.commit(reader.position, 5, 0)
    await stage.db.execute(SEEK)


@pytest.mark.parametrize(
    ("prepare", "simpler"),
    [
        (nothing_read, NOBODY),
        (half_a_window_read, NOBODY),
        (another_group_lags, NOBODY),
        (asked_to_seek, NO_SEEK),
    ],
)
async def test_what_somebody_awaits_is_not_swept(
    stage: Stage,
    prepare: Callable[[Stage], Awaitable[None]],
    simpler: dict[str, str],
) -> None:
    """By age alone, what a group has yet to deliver is truncated; and what it was asked to repeat.

    A sweep in between changes nothing: the ring stops at what is awaited.
    """
    await stage.db.execute("select tide.outbox_alter('orders', 0)")
    for _ in range(5):
        await stage.publish()
    await prepare(stage)
    for _ in range(6):
        await stage.db.execute(SWEEP)
    assert await stage.db.fetchval("select count(*) from tide.message") == 5
    await stage.simplify("_slot_is_awaited", simpler)
    await stage.db.execute(SWEEP)
    assert await drain(await stage.reader()) == []


async def test_what_nobody_awaits_is_swept(stage: Stage) -> None:
    await stage.db.execute("select tide.outbox_alter('orders', 0)")
    reader = await stage.reader()
    for _ in range(10):
        await stage.publish()
        await drain(reader)
        await reader.commit(reader.position, 1, 0)
        await stage.db.execute(SWEEP)
    assert await stage.db.fetchval("select count(*) from tide.message") == 1
