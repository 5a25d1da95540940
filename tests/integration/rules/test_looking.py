"""One look for all that sleep finds what each would have found, and waits for nobody."""

import asyncio
from typing import NamedTuple

import asyncpg
import pytest

from pg_tide.position import Lease, Snapshot
from pg_tide.postgres import Postgres
from pg_tide.wakeup import Sleeper
from pg_tide.wakeup.look import HAVE_WORK, Look
from tests.fixtures.memory_relay import Deaf
from tests.fixtures.sql import Connection
from tests.integration.rules.stage import PASS_GATE, Gate, Stage, drain, take_over

RETURNS = """
select tide.outbox_create('returns'); select tide.consumer_group_create('returns', 'relay')
"""
LOCKED = """
select relation::regclass::text from pg_locks
where pid = $1 and relation::regclass::text like 'tide.message%'
"""
END = "  end loop;\nend $$;"
PATIENT = {"set lock_timeout = '10ms'": "set lock_timeout = '10s'"}  # for the gate
HELD_UP = {**PATIENT, END: f"  end loop; {PASS_GATE}\nend $$;"}
HEAD = "  return query select null::int, here::text;"
AFTERWARDS = {
    **PATIENT,
    HEAD: "",
    END: f"  end loop; {PASS_GATE} here := pg_current_snapshot();{HEAD}\nend $$;",
}


class Two(NamedTuple):
    """The outboxes `orders` (1) and `returns` (2), each with a group of its number."""

    stage: Stage
    leases: list[Lease]
    dones: list[Snapshot]

    async def look(self, by: "Connection | None" = None) -> tuple[Snapshot, set[int]]:
        """Look for both; a snapshot, and the groups that have work."""
        groups, epochs = [1, 2], [lease.epoch for lease in self.leases]
        connection = by or self.stage.db
        head, *rows = await connection.fetch(HAVE_WORK, groups, epochs, [1, 2], self.dones)
        assert head["group_id"] is None
        assert all(row["snapshot"] is None for row in rows)
        return Snapshot(head["snapshot"]), {row["group_id"] for row in rows}

    async def work(self) -> set[int]:
        return (await self.look())[1]


@pytest.fixture
async def two(stage: Stage) -> Two:
    """Return two outboxes whose groups have nothing to read."""
    await stage.db.execute(RETURNS)
    leases = [await take_over(stage.keeper, group) for group in (1, 2)]
    return Two(stage, leases, [lease.position.done for lease in leases])


async def test_it_finds_what_was_committed(two: Two) -> None:
    assert await two.work() == set()
    await two.stage.publish()
    assert await two.work() == {1}
    await two.stage.db.execute("select tide.outbox_publish('returns', '1')")
    assert await two.work() == {1, 2}


@pytest.mark.parametrize("later_ones", [0, 2], ids=["above all", "in progress"])
async def test_it_finds_what_is_committed_late(two: Two, later_ones: int) -> None:
    publisher = await two.stage.connect()
    async with publisher.transaction():
        await two.stage.publish(by=publisher)
        for _ in range(later_ones):
            await two.stage.db.execute("select pg_current_xact_id()")
        two.dones[0], found = await two.look()
        assert found == set()
    assert await two.work() == {1}


async def test_it_does_not_find_what_was_delivered(two: Two) -> None:
    await two.stage.publish()
    reader = await two.stage.reader()
    await drain(reader)
    two.leases[0] = await take_over(two.stage.keeper, 1)
    two.dones[0] = reader.position.done
    await two.stage.db.execute("select pg_current_xact_id()")
    assert await two.work() == set()


async def test_who_lost_its_lease_has_to_hear_of_it(two: Two) -> None:
    await take_over(two.stage.keeper, 2)
    assert await two.work() == {2}


async def test_who_lost_its_lease_hears_of_it_when_nothing_else_happens(two: Two) -> None:
    snapshot, found = await two.look()
    assert found == set()
    two.dones[:] = [snapshot, snapshot]
    assert await two.work() == set()
    await two.stage.db.execute("truncate tide.lease")
    assert await two.work() == {1, 2}


@pytest.mark.parametrize(
    "lock",
    [
        "lock table tide.message_2 in access exclusive mode",
        "lock table tide.message_2_0 in access exclusive mode",
        "reindex index tide.message_2_0_xid_idx",
    ],
)
async def test_what_is_locked_delays_nobody_else(two: Two, lock: str) -> None:
    """Whose outbox it is looks for itself, and waits for itself."""
    somebody = await two.stage.connect()
    await two.stage.publish()
    await somebody.execute("begin")
    await somebody.execute(lock)
    async with asyncio.timeout(5):
        assert await two.work() == {1, 2}
    await somebody.execute("rollback")
    assert await two.work() == {1}


async def test_it_locks_only_the_outboxes_that_it_looks_for(two: Two) -> None:
    await two.stage.db.execute("select tide.outbox_create('others')")
    looker = await two.stage.connect()
    async with looker.transaction():
        await two.look(by=looker)
        locked = {row[0] for row in await two.stage.db.fetch(LOCKED, looker.get_server_pid())}
    assert "tide.message_1_0" in locked
    assert not [name for name in locked if name.startswith("tide.message_3")]


async def test_an_outbox_that_was_dropped_is_its_own_pipelines_affair(two: Two) -> None:
    await two.stage.db.execute("select tide.consumer_group_drop('returns', 'relay')")
    await two.stage.db.execute("select tide.outbox_drop('returns')")
    assert await two.work() == {2}


async def test_the_snapshot_is_taken_before_the_look(two: Two, gate: Gate) -> None:
    """All that it shows is taken for looked for.

    Taken afterwards, it shows what was committed meanwhile: no later look would find that.
    """

    async def missed() -> bool:
        looker = await two.stage.connect()
        await gate.close()
        looking = asyncio.create_task(two.look(by=looker))
        await gate.reached()
        await two.stage.publish()
        await gate.open()
        two.dones[0], found = await looking
        assert found == set()
        return await two.work() == set()

    await two.stage.simplify("_have_work", HELD_UP)
    assert not await missed()
    two.dones[0] = await two.stage.db.fetchval("select pg_current_snapshot()::text")
    await two.stage.simplify("_have_work", AFTERWARDS)
    assert await missed()


async def test_who_sleeps_is_rung(two: Two) -> None:
    """The whole of it: those with work, and no others."""
    postgres = Postgres(two.stage.postgres.url)
    await postgres.open()
    look = Look(postgres, 0.01)
    sleepers = [Sleeper(Deaf(), n, lease) for n, lease in enumerate(two.leases, 1)]
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(look.run())
        first, second = (tasks.create_task(look.wait(one)) for one in sleepers)
        await two.stage.publish()
        async with asyncio.timeout(5):
            await first
        assert not sleepers[1].rung.is_set()
        second.cancel()
        running.cancel()
    await postgres.close()


async def test_other_levels_are_refused(two: Two) -> None:
    async with two.stage.db.transaction(isolation="serializable"):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await two.look()
        assert refused.value.sqlstate == "TD003"
