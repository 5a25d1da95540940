"""tide.outbox_rebase: after a move to another cluster each group gets what it missed, no more.

`PG_TIDE_TEST_SEED` repeats a run, `PG_TIDE_TEST_ROUNDS` makes it longer.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest

from pg_tide.errors import FatalError, LeaseLost
from tests.fixtures.databases import TEMPLATE
from tests.fixtures.moving_outbox import GROUPS, MovingOutbox
from tests.fixtures.other_cluster import copy_rows, draw_beyond
from tests.fixtures.postgres import fresh_database
from tests.fixtures.sql import Connection, all_rows, refusal
from tests.integration.rules.stage import SET_UP, Stage, drain, poll, staged, until_blocked

ROUNDS = int(os.environ.get("PG_TIDE_TEST_ROUNDS", "1"))
SEED = os.environ.get("PG_TIDE_TEST_SEED") or str(random.SystemRandom().getrandbits(32))
REBASE = "SELECT * FROM tide.outbox_rebase('orders')"
REBASE_ALL = """
SELECT o.outbox, r.consumer_group, r.undelivered
  FROM (SELECT DISTINCT outbox FROM tide.outbox_status) AS o, tide.outbox_rebase(o.outbox) AS r
  ORDER BY 1
"""
DEAD_LETTER = """
INSERT INTO tide.pipeline (name, outbox_id, group_id, config) VALUES ('p', 1, 1, '{}');
INSERT INTO tide.dead_letter
  (pipeline_id, outbox_id, message_id, published_at, op, stage, reason, error, attempts, first_at,
   state, parks_key)
  VALUES (1, 1, 77, now(), 'insert', 'encode', 'too_large', '', 1, now(), 'waiting', false)
"""


async def rebased(db: Connection) -> dict[str, int]:
    """Rebase; how many messages each group has yet to get, as it says."""
    return {row["consumer_group"]: row["undelivered"] for row in await db.fetch(REBASE)}


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("xids", ["lower", "higher", "among"])
async def test_each_group_gets_what_it_missed_and_no_more(
    postgres_server: str, template_database: str, other_cluster: str, xids: str, turn: int
) -> None:
    """Moved three times to and fro, at random positions, with publishers before, at and after."""
    seed = f"{SEED}/{xids}/{turn}"
    print(f"PG_TIDE_TEST_SEED={SEED}, {xids}, round {turn}")  # noqa: T201 - shown on failure
    outbox = MovingOutbox(seed)
    servers = [postgres_server, other_cluster]
    with fresh_database(servers[0], template_database) as first:
        async with staged(first) as stage:
            await outbox.settle_in(stage)
            await outbox.create()
            await outbox.work(40)
            with fresh_database(servers[1], TEMPLATE) as second:
                async with staged(second) as other:
                    await move(outbox, stage, other, xids)
                    await outbox.work(40)
                    with fresh_database(servers[0], template_database) as third:
                        async with staged(third) as back:
                            back_xids = {"lower": "higher", "higher": "lower"}.get(xids, xids)
                            await move(outbox, other, back, back_xids)


async def move(outbox: MovingOutbox, stage: Stage, other: Stage, xids: str) -> None:
    """Move it, rebase it, and see what each group gets."""
    chance = outbox.chance
    if xids == "among":
        await draw_beyond(other.db, stage.db)
        await outbox.work(20)
        await draw_beyond(stage.db, other.db)
        await outbox.work(20)
    elif xids == "lower":
        await draw_beyond(stage.db, other.db)
        await outbox.work(40)
    else:
        await draw_beyond(other.db, stage.db)
    if chance.random() < 0.5:
        await outbox.seek(chance.randint(1, GROUPS))
    await outbox.leave()

    await outbox.settle_in(other)
    early = [await outbox.wait_to_publish() for _ in range(2)]
    copy_rows(stage.postgres.url, other.postgres.url, at_once=chance.random() < 0.5)
    await outbox.look_at_copies()
    for n, publisher in enumerate(early):
        await outbox.publish(publisher, savepoint=n == 0)
        await outbox.end(publisher)
    await outbox.work(20, reading=False)
    await outbox.leave()
    if chance.random() < 0.5:
        await other.db.execute("VACUUM (FREEZE) tide.message")

    own, late = await outbox.wait_to_publish(), await outbox.wait_to_publish()
    await outbox.work(3, reading=False)
    await outbox.leave()
    await outbox.publish(own)
    said = await rebased(own.connection)
    await outbox.publish(own)
    await outbox.end(own)
    await outbox.publish(late)
    await outbox.end(late)
    assert set(said) == {f"group-{group}" for group in outbox.had}
    for group in outbox.had:
        await gets_what_it_missed(outbox, group)
    await outbox.work(20)
    await outbox.leave()
    await rebased(other.db)
    for group in outbox.had:
        await gets_what_it_missed(outbox, group)
    outbox.may_repeat.clear()


async def gets_what_it_missed(outbox: MovingOutbox, group: int) -> None:
    got, expected = await outbox.drained(group)
    lost, extra = expected - set(got), set(got) - expected
    assert not lost, f"group {group} lost {sorted(lost)}"
    assert extra <= outbox.may_repeat, f"group {group} got again {sorted(extra)}"
    assert len(got) == len(set(got)), f"group {group} got twice: {got}"


@pytest.fixture
async def stage(database: str, other_cluster: str) -> AsyncIterator[Stage]:
    """Yield a stage with nothing published yet, its transaction ids beyond the other cluster's."""
    async with staged(database) as stage, staged(other_cluster) as other:
        await draw_beyond(stage.db, other.db)
        await stage.db.execute(SET_UP)
        yield stage


@contextlib.asynccontextmanager
async def moved(stage: Stage, server: str, *, sequence: bool = True) -> AsyncIterator[Stage]:
    """Yield the stage as it comes to another cluster, not rebased yet."""
    with fresh_database(server, TEMPLATE) as url:
        copy_rows(stage.postgres.url, url, sequence=sequence)
        async with staged(url) as there:
            yield there


async def deliver(stage: Stage) -> list[int]:
    """Take over, and deliver all there is."""
    reader = await stage.reader()
    got = await drain(reader)
    await reader.commit(reader.position, len(got), 0)
    return got


REAL: tuple[str, dict[str, str]] = ("outbox_rebase", {})
SIMPLER = {
    "messages published here are judged by the old position": (
        "_renumber_messages",
        {"case when r.is_foreign then m.may_be_own else m.is_foreign end": "false"},
    ),
    "its own transaction is not in progress": (
        "outbox_rebase",
        {"tide._latest_snapshot()": "pg_current_snapshot()"},
    ),
    "what is missed is not in progress": (
        "_in_progress_too",
        {"select x from unnest(xids) as x": "select x from unnest(xids) as x where false"},
    ),
    "what was copied passes for published here": (
        "_renumber_messages",
        {"\n               and (w.stored = w.written or w.written <> all (copied_by))": ""},
    ),
}


async def expected_and_got(
    stage: Stage, server: str, version: tuple[str, dict[str, str]]
) -> tuple[list[int], list[int]]:
    """Move an outbox and rebase it with publishers before, in the middle, and after."""
    delivered = [await stage.publish(), await stage.publish()]
    assert await deliver(stage) == delivered
    expected = [await stage.publish()]
    async with moved(stage, server) as there:
        await there.simplify(*version)
        expected.append(await there.publish())
        operator = await there.connect()
        await operator.execute("BEGIN; SELECT pg_current_xact_id()")
        expected.append(await there.publish())
        expected.append(await there.publish(by=operator))
        await rebased(operator)
        expected.append(await there.publish(by=operator))
        await operator.execute("COMMIT")
        return expected, await deliver(there)


async def wrong_moves(servers: tuple[str, str], version: tuple[str, dict[str, str]]) -> int:
    """How many of two moves go wrong: to where transaction ids are lower, and are higher."""
    wrong = 0
    for lower in (True, False):
        with fresh_database(servers[0], TEMPLATE) as url, fresh_database(servers[1]) as elsewhere:
            async with staged(url) as stage, staged(elsewhere) as other:
                await draw_beyond(*((stage.db, other.db) if lower else (other.db, stage.db)))
                await stage.db.execute(SET_UP)
                expected, got = await expected_and_got(stage, servers[1], version)
                wrong += expected != got
    return wrong


async def test_each_message_is_delivered_once(
    postgres_server: str, template_database: str, other_cluster: str
) -> None:
    assert template_database
    assert await wrong_moves((postgres_server, other_cluster), REAL) == 0


@pytest.mark.parametrize("version", SIMPLER.values(), ids=SIMPLER)
async def test_simpler_versions_lose_or_repeat(
    postgres_server: str,
    template_database: str,
    other_cluster: str,
    version: tuple[str, dict[str, str]],
) -> None:
    assert template_database
    assert await wrong_moves((postgres_server, other_cluster), version) > 0


async def test_what_was_rebased_can_be_moved_again(
    stage: Stage, other_cluster: str, postgres_server: str
) -> None:
    """Everything delivered has one transaction id then, which is below all there are."""
    for _ in range(3):
        await stage.publish()
    await deliver(stage)
    async with moved(stage, other_cluster) as there:
        assert await rebased(there.db) == {"relay": 0}
        assert await deliver(there) == []
        async with moved(there, postgres_server) as back:
            assert await rebased(back.db) == {"relay": 0}
            last = await back.publish()
            assert await deliver(back) == [last]


async def test_what_is_published_during_the_restore_is_delivered(
    stage: Stage, database_elsewhere: str
) -> None:
    """A transaction of this cluster may be older than the rows that came after it."""
    async with staged(database_elsewhere) as there:
        await draw_beyond(stage.db, there.db)
        await stage.publish()
        await deliver(stage)
        publisher = await there.connect()
        await publisher.execute("BEGIN; SELECT pg_current_xact_id(); SAVEPOINT one")
        copy_rows(stage.postgres.url, there.postgres.url)
        message_id = await there.publish(by=publisher)
        await publisher.execute("COMMIT")
        await there.db.execute("UPDATE tide.position SET last_id = last_id")  # restored last
        assert await rebased(there.db) == {"relay": 1}
        assert await deliver(there) == [message_id]


async def test_in_its_own_cluster_nothing_is_changed(stage: Stage) -> None:
    delivered = await stage.publish()
    assert await deliver(stage) == [delivered]
    waiting = await stage.publish()
    reader = await stage.reader()
    before = await all_rows(stage.db)
    said: list[str] = []
    stage.db.add_log_listener(lambda _, notice: said.append(notice.message))
    assert await rebased(stage.db) == {"relay": 1}
    assert said == ['outbox "orders" is of this cluster, nothing was changed']
    assert await all_rows(stage.db) == before
    assert await drain(reader) == [waiting]


async def test_a_logical_copy_is_refused_until_it_is_rebased(
    stage: Stage, other_cluster: str
) -> None:
    """Its sequence stayed behind: the ids of messages begin anew."""
    delivered = await stage.publish()
    assert await deliver(stage) == [delivered]
    waiting = [await stage.publish() for _ in range(3)]
    async with moved(stage, other_cluster, sequence=False) as copy:
        for call in (
            "SELECT tide.consumer_group_seek('orders', 'relay', 'earliest')",
            "SELECT tide.consumer_group_create('orders', 'other')",
            "SELECT tide.outbox_alter('orders', 1)",
            "SELECT tide.outbox_drop('orders')",
        ):
            refused = await refusal(copy.db, call)
            assert refused.sqlstate == "TD002"
            assert "SELECT tide.outbox_rebase('orders')" in (refused.hint or "")
        with pytest.raises(asyncpg.PostgresError, match="restored into another cluster"):
            await copy.reader()
        await copy.db.execute(DEAD_LETTER)
        installation = await copy.db.fetchval("SELECT id FROM tide.installation")
        assert await rebased(copy.db) == {"relay": 3}
        assert await copy.db.fetchval("SELECT id FROM tide.installation") != installation
        published = await copy.publish()
        assert published > 77  # the dead letter's
        await copy.db.execute("SELECT tide.outbox_create('more')")
        assert await deliver(copy) == [*waiting, published]
        await copy.db.execute("SELECT tide.consumer_group_seek('orders', 'relay', 'earliest')")
        assert await deliver(copy) == [delivered, *waiting, published]


async def test_rows_copied_into_an_outbox_at_work_are_delivered_once(stage: Stage) -> None:
    """The relay need not be stopped: what it holds in memory is void afterwards."""
    delivered = await stage.publish()
    assert await deliver(stage) == [delivered]
    reader = await stage.reader()
    await stage.publish()
    await stage.db.execute(
        "INSERT INTO tide.message (xid, id, outbox_id, slot, op) OVERRIDING SYSTEM VALUE"
        " VALUES ('4000000000', 77, 1, 0, 'insert'), ('4000000001', 78, 1, 0, 'insert')"
    )
    with pytest.raises(FatalError, match="restored into another cluster") as refused:
        await poll(reader)
    assert refused.value.reason == "foreign_cluster"
    assert await rebased(stage.db) == {"relay": 3}
    with pytest.raises(LeaseLost):
        await poll(reader)
    with pytest.raises(LeaseLost):
        await reader.commit(reader.position, 1, 0)
    assert await deliver(stage) == [delivered + 1, 77, 78]
    assert await deliver(stage) == []
    assert await stage.publish() > 78


async def test_publishers_are_waited_for_but_not_for_ever(stage: Stage, other_cluster: str) -> None:
    async with moved(stage, other_cluster) as there:
        publisher, operator = await there.connect(), await there.connect()
        await publisher.execute("BEGIN")
        message_id = await there.publish(by=publisher)
        rebasing = asyncio.create_task(rebased(operator))
        await until_blocked(there.db, operator.get_server_pid())
        await publisher.execute("COMMIT; BEGIN")
        assert await rebasing == {"relay": 1}
        assert await deliver(there) == [message_id]

        await there.publish(by=publisher)
        await there.simplify("_await_ring", {"'10s'": "'10ms'"})
        refused = await refusal(operator, REBASE)
        assert refused.sqlstate == "55P03"
        assert refused.message == 'outbox "orders" is being written'
        assert "End it" in (refused.hint or "")


async def test_more_sets_of_groups_than_there_are_old_ids(stage: Stage, other_cluster: str) -> None:
    """One transaction id stands for each set of groups that miss the same messages."""
    xids = []
    for _ in range(253):
        await stage.publish()
        xids.append(await stage.db.fetchval("SELECT max(xid::text::bigint) FROM tide.message"))
    for bit in range(8):
        missed = ",".join(str(xid) for n, xid in enumerate(xids) if (n + 1) >> bit & 1)
        await stage.db.execute(f"SELECT tide.consumer_group_create('orders', 'group-{bit}')")
        await stage.db.execute(
            "UPDATE tide.position SET done = $1::text::pg_snapshot"
            " WHERE group_id = (SELECT max(id) FROM tide.consumer_group)",
            f"3:{xids[-1] + 1}:{missed}",
        )
    await stage.db.execute("SELECT tide.consumer_group_drop('orders', 'relay')")
    async with moved(stage, other_cluster) as there:
        refused = await refusal(there.db, REBASE)
        assert refused.sqlstate == "54000"
        assert "tide.consumer_group_drop()" in (refused.hint or "")
        await there.db.execute("SELECT tide.consumer_group_drop('orders', 'group-7')")
        assert sum((await rebased(there.db)).values()) == sum(
            (n + 1 & 127).bit_count() for n in range(253)
        )


async def test_it_runs_in_read_committed_alone(stage: Stage) -> None:
    async with stage.db.transaction(isolation="repeatable_read"):
        assert (await refusal(stage.db, REBASE)).sqlstate == "TD003"


async def test_all_outboxes_are_rebased_by_one_statement(stage: Stage, other_cluster: str) -> None:
    """As the manual says."""
    await stage.db.execute("SELECT tide.outbox_create('more')")
    await stage.db.execute("SELECT tide.consumer_group_create('more', 'g')")
    await stage.db.execute("SELECT tide.outbox_publish('more', '1')")
    await stage.publish()
    async with moved(stage, other_cluster) as there:
        found = await there.db.fetch(REBASE_ALL)
        assert [tuple(row) for row in found] == [("more", "g", 1), ("orders", "relay", 1)]
        assert len(await deliver(there)) == 1
