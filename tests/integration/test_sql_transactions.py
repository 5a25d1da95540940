"""What Kafka transactions change in PostgreSQL: written before they begin, applied afterwards."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pg_tide import postgres
from pg_tide.errors import FatalError, LeaseLost
from pg_tide.intent import Confirmed, Intent
from pg_tide.ledger import Ledger, settle
from pg_tide.position import Position, Snapshot
from tests.fixtures.intents import IDENTITY, PIPELINE, Run, run_on
from tests.fixtures.sql import Connection, all_rows, refusal
from tests.integration.rules.stage import SET_UP, Stage, drain, staged, take_over

POSITION = "select * from tide.position"
PLACE = "select done::text, page::text, last_id from tide.position"
LETTERS = "select array(select message_id || ' ' || state from tide.dead_letter order by id)"
INTENTS = "select count(*) from tide.intent"
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
RESOLVE = "select tide.relay_resolve_transaction($1, $2)"
REVISION = "select revision from tide.pipeline"
STATUS = "select unresolved_transactions, last_transaction from tide.consumer_group_status"
CONFIRM = "select row_ctid::text as place from tide._confirm(1, $1, $2::text::tid, $3)"
INTEND = "select tide._intend(1, $1, $2)"
NEXT = (
    "select to_jsonb(i) || jsonb_build_object('number', i.number + 1, 'token', gen_random_uuid(),"
    " 'start_done', i.end_done) from tide.intent i"
)
LOOKED_AT = (
    "select pg_stat_get_xact_tuples_returned('tide.intent_pkey'::regclass),"
    " pg_stat_get_xact_tuples_returned('tide.intent'::regclass)"
)
START = Position(Snapshot("3:3:"))


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    """Yield a stage with a pipeline, and nothing published yet."""
    async with staged(database) as stage:
        await stage.db.execute(SET_UP)
        await stage.db.execute(PIPELINE)
        yield stage


async def row(stage: Stage, sql: str = POSITION) -> dict[str, Any]:
    found = await stage.db.fetchrow(sql)
    assert found is not None
    return dict(found)


async def place(stage: Stage) -> Position:
    return Position(*(await row(stage, PLACE)).values())


async def changed(stage: Stage, before: dict[str, list[str]]) -> set[str]:
    """The tables that are not as they were."""
    now = await all_rows(stage.db)
    return {table for table in now if now[table] != before[table]}


async def test_an_intent_changes_nothing_else(stage: Stage) -> None:
    run = await run_on(stage)
    for _ in range(3):
        await stage.publish()
    done = await run.polled(bad=[1])
    before = await all_rows(stage.db)
    token = await run.intend(7, done)
    assert await changed(stage, before) == {"intent"}
    intent = await row(stage, "select * from tide.intent")
    assert (intent["number"], intent["token"], intent["epoch"]) == (7, token, run.lease.epoch)
    assert (intent["transactional_id"], tuple(intent["brokers"])) == IDENTITY
    assert (intent["delivered"], intent["filtered"], intent["ended"]) == (2, 0, None)
    assert [one["error"] for one in json.loads(intent["letters"])] == ["it does not  fit"]
    assert await row(stage, STATUS) == {"unresolved_transactions": 1, "last_transaction": None}
    assert run.ledger.kept == 1


async def test_what_it_holds_is_applied_when_it_is_confirmed(stage: Stage) -> None:
    run = await run_on(stage)
    messages = [await stage.publish() for _ in range(3)]
    done = await run.polled(bad=[1])
    await stage.db.execute("update tide.position set crashes = 3")
    await stage.db.execute("select tide._stamp_position(1)")  # and the row is elsewhere
    token = await run.intend(7, done)
    before = await all_rows(stage.db)
    assert await run.ledger.confirm(7) == set()
    assert await changed(stage, before) == {"intent", "position", "dead_letter"}
    assert await place(stage) == done.end == run.outbox.written
    position = await row(stage)
    expected = {
        "number": 7,
        "token": token,
        "transactional_id": IDENTITY.transactional_id,
        "brokers": list(IDENTITY.brokers),
        "delivered": 2,
        "filtered": 0,
        "dead_lettered": 1,
        "crashes": 0,
    }
    assert {name: position[name] for name in expected} == expected
    assert position["last_delivered_at"] <= position["confirmed_at"]
    assert await stage.db.fetchval(LETTERS) == [f"{messages[1]} waiting"]
    assert await stage.db.fetchval(INTENTS) == run.ledger.kept == 0
    assert await row(stage, STATUS) == {"unresolved_transactions": 0, "last_transaction": 7}
    assert (await run_on(stage)).lease.confirmed._replace(age=0) == Confirmed(7, token, IDENTITY)


async def test_a_position_row_is_written_once(stage: Stage) -> None:
    """Without dead letters: one new version of it, which no index knows of."""
    run = await run_on(stage)
    await run.publish_and_intend(1)
    relay = await stage.connect()  # whose statistics are of this alone
    async with relay.transaction():
        place = await relay.fetchval(CONFIRM, run.lease.epoch, run.lease.row_ctid, 1)
        written = await relay.fetchrow(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables"
            " where relid = 'tide.position'::regclass"
        )
    assert written is not None
    assert tuple(written) == (1, 1)
    assert await stage.db.fetchval("select ctid::text from tide.position") == place


async def test_the_next_one_begins_where_the_last_one_ends(stage: Stage) -> None:
    run = await run_on(stage)
    for number in range(1, 6):
        await run.publish_and_intend(number)
        if number > 1:
            await run.ledger.confirm(number - 1)
    await run.ledger.confirm(5)
    assert await place(stage) == run.outbox.position
    assert (await row(stage))["delivered"] == 5


async def test_what_was_put_aside_and_tried_again_has_its_end(stage: Stage) -> None:
    """A position that does not move is no obstacle to the next intent."""
    run = await run_on(stage)
    for key in ("a", "b", "b"):
        await stage.db.execute("select tide.outbox_publish('orders', '1', key => $1)", key)
    done = await run.polled(bad=[0, 1, 2])
    for rejected in done.aside:
        rejected.parks = True
    await run.intend(1, done)
    await run.ledger.confirm(1)
    await stage.db.execute("select tide.dead_letter_retry(1), tide.dead_letter_retry(2)")
    retried = await run.retried(filtered=[0])
    assert retried.end is None
    await stage.publish()
    ahead = await run.polled()
    await run.intend(2, retried)
    await run.intend(3, ahead)
    letters = await stage.db.fetchval(LETTERS)
    assert [one.split()[1] for one in letters] == ["retrying", "retrying", "waiting"]
    assert await run.ledger.confirm(2) == {"b"}
    letters = await stage.db.fetchval(LETTERS)
    assert [one.split()[1] for one in letters] == ["filtered", "delivered", "waiting"]
    assert await place(stage) == done.end
    await run.ledger.confirm(3)
    assert await drain((await run_on(stage)).outbox) == []


async def test_who_takes_over_is_told_what_is_kept(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await run.ledger.confirm(1)
    tokens = [await run.intend(number, await run.polled()) for number in (3, 4)]
    await stage.db.execute("update tide.intent set answer = false where number = 4")
    lease = (await run_on(stage)).lease
    kept = [intent._replace(age=0) for intent in lease.kept]
    answers = (None, False)
    assert kept == [
        Intent(number, token, IDENTITY, 0, answer)
        for number, token, answer in zip((3, 4), tokens, answers, strict=True)
    ]
    assert all(0 < intent.age < 60 for intent in lease.kept)
    assert 0 < lease.confirmed.age < 60
    assert lease.installation == await stage.db.fetchval("select id from tide.installation")
    assert lease.position == await place(stage)
    assert lease.row_ctid == await stage.db.fetchval("select ctid::text from tide.position")


@pytest.mark.parametrize(("up_to", "committed"), [(0, 0), (3, 1), (5, 2)])
async def test_what_was_left_open_is_settled(stage: Stage, up_to: int, committed: int) -> None:
    """What was not committed is read anew, and nothing is left of what it would have put aside."""
    run = await run_on(stage)
    messages = [await run.publish_and_intend(3, bad=[0]), await run.publish_and_intend(5, bad=[0])]
    taken = (await run_on(stage)).lease
    settled = await settle(stage.postgres, taken, up_to)
    assert settled.kept == (await take_over(stage.keeper)).kept == ()
    assert settled.confirmed.number == (await row(stage))["number"] == up_to
    assert settled.confirmed.token == (await row(stage))["token"]
    assert settled.position == await place(stage)
    assert await stage.db.fetchval(LETTERS) == [f"{one} waiting" for one in messages[:committed]]
    assert (await row(stage))["dead_lettered"] == committed
    again = await run_on(stage)
    assert await drain(again.outbox) == messages[committed:]


async def test_who_settled_goes_on_at_once(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await run.publish_and_intend(2)
    lease = await settle(stage.postgres, (await run_on(stage)).lease, 1)
    outbox = type(run.outbox)(stage.postgres, 1, "orders", lease)
    again = Run(stage, lease, outbox, type(run.ledger)(stage.postgres, outbox, lease))
    await again.intend(2, await again.polled())
    await again.ledger.confirm(2)
    assert await drain((await run_on(stage)).outbox) == []


async def test_a_seek_is_applied_when_all_is_settled(stage: Stage) -> None:
    """Applied before, what was committed would be confirmed at a place that is left already."""
    run = await run_on(stage)
    first = await run.publish_and_intend(1)
    await run.ledger.confirm(1)
    second = await run.publish_and_intend(2)
    await stage.db.execute(SEEK)
    taken = (await run_on(stage)).lease
    assert taken.position == run.outbox.written
    settled = await settle(stage.postgres, taken, 2)
    assert settled.position == await place(stage) == START
    assert (await row(stage))["delivered"] == 2
    assert (await row(stage))["seek_request"] is None
    again = await run_on(stage)
    done = await again.polled()
    assert [one.id for one in done.entries[0].batch.messages] == [first, second]
    await again.intend(3, done)
    await stage.db.execute(SEEK.replace("earliest", "latest"))
    await settle(stage.postgres, (await run_on(stage)).lease, 0)
    assert await drain((await run_on(stage)).outbox) == []
    await stage.db.execute(SEEK)  # and at once where nothing is kept
    assert (await run_on(stage)).lease.position == START


async def test_it_is_confirmed_while_a_seek_is_asked_for(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await stage.db.execute(SEEK)
    await run.ledger.confirm(1)
    assert await place(stage) == run.outbox.written
    assert (await row(stage))["seek_request"] is not None


async def test_only_who_holds_the_group_does_any_of_this(stage: Stage) -> None:
    late = await run_on(stage)
    await late.publish_and_intend(1)
    await stage.publish()
    done = await late.polled()
    await run_on(stage)
    before = await all_rows(stage.db)
    with pytest.raises(LeaseLost):
        await late.intend(2, done)
    with pytest.raises(LeaseLost):
        await late.ledger.confirm(1)
    for up_to in (0, 1):
        with pytest.raises(LeaseLost):
            await settle(stage.postgres, late.lease, up_to)
    refused = await refusal(stage.db, "select tide._intents(1, $1)", late.lease.epoch)
    assert refused.sqlstate == "TD001"
    assert await changed(stage, before) == set()


async def out_of_turn(stage: Stage, words: str, doing: Any) -> None:
    """See that PostgreSQL refuses to do this, and writes nothing."""
    before = await all_rows(stage.db)
    with pytest.raises(FatalError, match="out of turn") as refused:
        await doing
    assert words in refused.value.message
    assert "bug" in (refused.value.hint or "")
    assert await changed(stage, before) == set()


@pytest.mark.parametrize("kept", [False, True])
async def test_a_gap_is_refused(stage: Stage, kept: bool) -> None:
    """What it holds would be passed without its end."""
    run = await run_on(stage)
    if kept:
        await run.publish_and_intend(1)
    end = run.outbox.written if not kept else run.outbox.position
    await stage.publish()
    await run.polled()
    if kept:
        run.ledger._ends.append(run.outbox.position)  # noqa: SLF001
    else:
        run.outbox.written = run.outbox.position
    await stage.publish()
    await out_of_turn(stage, f"begin at ({end.done}, ", run.intend(2, await run.polled()))


async def test_a_third_one_is_refused(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await run.publish_and_intend(2)
    await stage.publish()
    await out_of_turn(stage, "two are kept", run.intend(3, await run.polled()))


async def test_a_number_that_is_not_higher_is_refused(stage: Stage) -> None:
    run = await run_on(stage)
    await out_of_turn(stage, "above 0", run.intend(0, await run.polled()))
    await run.publish_and_intend(5)
    await out_of_turn(stage, "above 5", run.intend(5, await run.polled()))
    await run.ledger.confirm(5)
    for number in (4, 5):
        await out_of_turn(stage, "above 5", run.intend(number, await run.polled()))


async def test_only_the_first_is_confirmed(stage: Stage) -> None:
    run = await run_on(stage)
    await out_of_turn(stage, "is not there", run.ledger.confirm(1))
    await run.publish_and_intend(1)
    await run.publish_and_intend(2)
    await out_of_turn(stage, "to confirm is 1", run.ledger.confirm(2))
    await run.ledger.confirm(1)
    await out_of_turn(stage, "to confirm is 2", run.ledger.confirm(1))


async def test_a_position_that_went_on_is_not_put_back(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await stage.publish()
    await run.polled()
    await run.outbox.commit(run.outbox.position, 0, 1)
    await out_of_turn(stage, "not where it begins", run.ledger.confirm(1))


async def test_a_lock_of_somebody_elses_is_waited_for(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    operator = await stage.connect()
    async with operator.transaction():
        await operator.execute(RESOLVE, "p", True)
        with pytest.raises(Exception, match="locked") as refused:
            await run.ledger.confirm(1)
        assert getattr(refused.value, "reason", "") == "position_locked"
    assert run.ledger.kept == 1
    await run.ledger.confirm(1)


@pytest.mark.parametrize("committed", [True, False])
async def test_an_operator_answers_for_kafka(stage: Stage, committed: bool) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await run.publish_and_intend(2)
    heard: list[object] = []
    await stage.keeper.add_listener("tide_config", lambda *notice: heard.append(notice[3]))
    revision = await stage.db.fetchval(REVISION)
    await stage.db.execute(RESOLVE, "p", committed)
    assert await stage.db.fetchval(REVISION) == revision + 1
    assert [one.answer for one in (await run_on(stage)).lease.kept] == [committed, None]
    await stage.db.execute(RESOLVE, "p", False)
    assert [one.answer for one in (await run_on(stage)).lease.kept] == [committed, False]
    assert heard == ["p", "p"]


async def test_intents_are_the_groups(stage: Stage) -> None:
    """Who deletes the pipeline leaves them to the next one that reads with the group."""
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await stage.db.execute("select tide.relay_delete('p')")
    assert await stage.db.fetchval(INTENTS) == 1
    await stage.db.execute(PIPELINE.replace("'p'", "'q'"))
    await settle(stage.postgres, (await run_on(stage)).lease, 1)
    assert await drain((await run_on(stage)).outbox) == []
    await (await run_on(stage)).publish_and_intend(2)
    await stage.db.execute("select tide.relay_delete('q', drop_consumer_group => true)")
    assert await stage.db.fetchval(INTENTS) == 0


async def test_a_relay_may_do_all_this(stage: Stage) -> None:
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await stage.publish()
    intent = await stage.db.fetchval(NEXT)
    await stage.keeper.execute("set role tide_relay")
    relay_id = uuid.uuid4()
    epoch = await stage.keeper.fetchval("select epoch from tide._take_over(1, $1)", relay_id)
    assert len(await stage.keeper.fetch("select * from tide._intents(1, $1)", epoch)) == 1
    await stage.keeper.execute(INTEND, epoch, intent)
    await stage.keeper.execute("select tide._confirm(1, $1, '(0,1)', 1)", epoch)
    await stage.keeper.execute("select tide._settle(1, $1, 2)", epoch)
    for forbidden in (
        "delete from tide.intent",
        "select tide.relay_resolve_transaction('p', true)",
        "select tide._apply_seek(1)",
    ):
        assert (await refusal(stage.keeper, forbidden)).sqlstate == "42501", forbidden
    assert (await row(stage))["number"] == 2


class Counting:
    """A pool of one connection; of each transaction, how many intents were looked at, and how."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.by_index: list[int] = []
        self.one_by_one: list[int] = []

    async def value(self, sql: str, *values: object) -> object:
        async with self._counted() as connection:
            return await connection.value(sql, *values)

    async def row(self, sql: str, *values: object) -> object:
        async with self._counted() as connection:
            return await connection.row(sql, *values)

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[postgres.Connection]:
        async with self._connection.transaction():
            before = await self._connection.fetchrow(LOOKED_AT)
            yield postgres.Connection(self._connection)
            after = await self._connection.fetchrow(LOOKED_AT)
        assert before is not None
        assert after is not None
        self.by_index.append(after[0] - before[0])
        self.one_by_one.append(after[1] - before[1])


async def test_a_snapshot_held_elsewhere_does_not_slow_it_down(stage: Stage) -> None:
    """Rows that are confirmed, and cannot be removed yet, are not looked at.

    Nor are they when all was planned while there were few.
    """
    holder, run = await stage.connect(), await run_on(stage)
    counting: Any = Counting(await stage.connect())
    ledger = Ledger(counting, run.outbox, run.lease)
    await run.publish_and_intend(1)
    await stage.db.execute("vacuum analyze tide.intent")
    await run.ledger.confirm(1)
    async with holder.transaction(isolation="repeatable_read"):
        await holder.execute("select from tide.intent")
        for number in range(2, 62):
            await ledger.intend(number, uuid.uuid4(), IDENTITY, await run.polled())
            await ledger.confirm(number)
    assert len(counting.by_index) == 120
    assert max(counting.by_index) < 10
    assert max(counting.one_by_one) == 0
