"""Dead letters in SQL: put aside, parked in chains, tried again, discarded, swept."""

import asyncio
import datetime as dt
import json
import uuid

import pytest

from tests.fixtures.letters import CONFIG, FIRST_AT, Letters, letter, put_aside
from tests.fixtures.sql import Connect, Connection, refusal
from tests.integration.rules.stage import simpler, until_blocked

NOBODY = uuid.UUID(int=0)
MEGABYTE = "ü" * 500_000


@pytest.fixture
async def letters(db: Connection) -> Letters:
    """Return a pipeline that is held, with nothing put aside yet."""
    return await Letters.at(db)


async def retry(letters: Letters, dead_letter: int) -> None:
    await letters.db.execute("select tide.dead_letter_retry($1)", dead_letter)


async def discard(letters: Letters, dead_letter: int) -> None:
    await letters.db.execute("select tide.dead_letter_discard($1)", dead_letter)


async def test_a_message_is_put_aside_whole(letters: Letters) -> None:
    message = await letters.db.fetchval(
        "select tide.outbox_publish('orders', '{\"n\": 12345678901234567890123}', 'd',"
        " '{\"h\": \"1\"}', 'update', 'k')"
    )
    assert await letters.put(message, error="x" * 20_000, attempts=3) == 1
    (row,) = await letters.all()
    assert row["error"] == "x" * 10_000
    assert json.loads(row["payload"], parse_int=str) == {"n": "12345678901234567890123"}
    assert json.loads(row["headers"]) == {"h": "1"}
    expected = {
        "id": 1,
        "pipeline": "p",
        "outbox": "orders",
        "message_id": message,
        "key": "k",
        "op": "update",
        "dedup_key": "d",
        "stage": "transform",
        "reason": "transform_failed",
        "attempts": 3,
        "first_at": FIRST_AT,
        "state": "waiting",
        "parks_key": True,
        "resolved_at": None,
        "waits_behind": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["published_at"] == await letters.db.fetchval("select published_at from tide.message")


async def test_they_stand_in_the_order_given(letters: Letters) -> None:
    messages = [await letters.publish(None) for _ in range(20)]
    assert await letters.put(*reversed(messages), parks=False) == 20
    assert [row["message_id"] for row in await letters.all()] == messages[::-1]


async def test_a_tombstone_and_bytes_are_put_aside_too(letters: Letters) -> None:
    tombstone = await letters.db.fetchval("select tide.outbox_publish('orders', null, key => 'k')")
    raw = await letters.publish("r")
    await letters.db.execute(
        "update tide.message set payload = null, payload_bytes = '\\x00ff' where id = $1", raw
    )
    await letters.put(tombstone, raw)
    await letters.db.execute("select tide.dead_letter_retry_all('p')")
    first, second = await letters.rows()
    assert (first["payload"], first["is_json"]) == (None, True)
    assert (second["payload"], second["is_json"]) == (b"\x00\xff", False)


async def test_a_null_key_parks_nothing(letters: Letters) -> None:
    await letters.put(await letters.publish(None))
    assert [row["parks_key"] for row in await letters.all()] == [False]
    assert await letters.parked_keys() == set()


async def test_the_same_message_twice_is_one(letters: Letters) -> None:
    """As after a seek: it comes again, and fails again."""
    message = await letters.publish()
    assert await letters.put(message, parks=False, attempts=2) == 1
    assert await letters.put(message, reason="other", stage="encode", error="new", attempts=3) == 0
    (row,) = await letters.all()
    assert (row["attempts"], row["reason"], row["stage"], row["error"]) == (
        5,
        "other",
        "encode",
        "new",
    )
    assert row["parks_key"]
    assert row["first_at"] == FIRST_AT < row["last_at"]
    assert await letters.put(message, parks=False) == 0
    assert (await letters.all())[0]["parks_key"]


async def test_a_follower_that_is_there_stays_as_it_is(letters: Letters) -> None:
    first, second = await letters.chain(2)
    before = await letters.all()
    assert await letters.put(first, second, state="parked", reason="other", attempts=9) == 0
    assert await letters.all() == before


async def test_a_resolved_one_may_be_put_aside_anew(letters: Letters) -> None:
    message = await letters.publish()
    await letters.put(message)
    await discard(letters, 1)
    assert await letters.put(message) == 1
    assert await letters.states() == ["discarded", "waiting"]


async def test_one_discarded_while_it_was_tried_stays_discarded(letters: Letters) -> None:
    """The position passed it when it was put aside: it is no new failure."""
    message = await letters.publish()
    await letters.put(message)
    await letters.db.execute(
        "select tide._commit(1, $1, p.ctid, pg_current_snapshot(), null, 0, 0, 0, 1)"
        " from tide.position p",
        letters.epoch,
    )
    await retry(letters, 1)
    assert await letters.retries() == [message]
    await discard(letters, 1)
    assert await letters.put(message) == 0
    assert await letters.states() == ["discarded"]
    await letters.db.execute("delete from tide.message")
    assert await letters.put(message) == 0


async def test_one_in_an_open_window_that_was_passed_stays_discarded(letters: Letters) -> None:
    first, second = await letters.publish("a"), await letters.publish("b")
    await letters.put(first, second)
    await letters.db.execute(
        "select tide._commit(1, $1, p.ctid, '3:3:', pg_current_snapshot(), $2, 0, 0, 2)"
        " from tide.position p",
        *(letters.epoch, first),
    )
    await letters.db.execute("select tide.dead_letter_discard_all('p')")
    assert await letters.put(first, second) == 1
    assert [row["message_id"] for row in await letters.all()] == [first, second, second]


async def test_a_message_that_is_nowhere_is_an_error(letters: Letters) -> None:
    message = await letters.publish()
    call = f"select tide._put_aside(1, '{letters.epoch}', $1::text::jsonb)"
    for state in ("waiting", "parked"):
        given = json.dumps([letter(message), letter(999, state=state)])
        error = await refusal(letters.db, call, given)
        assert error.sqlstate == "TD004"
        assert error.message == (
            'message 999 of pipeline "p" cannot be put aside: it is neither in its outbox nor'
            " among the dead letters"
        )
        assert error.hint
    assert await letters.all() == []


async def test_a_message_of_another_outbox_is_nowhere(letters: Letters) -> None:
    await letters.db.execute("select tide.outbox_create('returns')")
    other = await letters.db.fetchval("select tide.outbox_publish('returns', '1')")
    call = f"select tide._put_aside(1, '{letters.epoch}', $1::text::jsonb)"
    assert (await refusal(letters.db, call, json.dumps([letter(other)]))).sqlstate == "TD004"


async def test_a_letter_outlives_its_message(letters: Letters) -> None:
    message = await letters.publish()
    await letters.put(message)
    await letters.db.execute("delete from tide.message")
    await retry(letters, 1)
    assert [row["payload"] for row in await letters.rows()] == [b"1"]
    assert await letters.put(message, attempts=2) == 0
    assert await letters.states() == ["waiting"]


@pytest.mark.parametrize(
    "call",
    [
        "_put_aside(1, $1, '[]')",
        "_end_letters(1, $1, '{1}', '{}')",
        "_retries(1, $1, 10, 10)",
    ],
)
async def test_a_lost_lease_is_refused(letters: Letters, call: str) -> None:
    await letters.chain(1)
    await retry(letters, 1)
    db = letters.db
    assert (await refusal(db, f"select tide.{call}", NOBODY)).sqlstate == "TD001"
    await db.execute("begin isolation level repeatable read")
    assert (await refusal(db, f"select tide.{call}", letters.epoch)).sqlstate == "TD003"
    await db.execute("rollback")
    await db.execute("delete from tide.lease")  # as a crash does
    assert (await refusal(db, f"select tide.{call}", letters.epoch)).sqlstate == "TD001"
    assert await letters.states() == ["retrying"]


@pytest.mark.parametrize("call", ["put", "end"])
async def test_nobody_takes_over_in_between(letters: Letters, connect: Connect, call: str) -> None:
    message = await letters.publish()
    other = await connect()
    async with letters.db.transaction():
        await getattr(letters, call)(message)
        locking = "select from tide.position for no key update nowait"
        assert (await refusal(other, locking)).sqlstate == "55P03"


async def test_without_its_pipeline_nothing_is_put_aside(letters: Letters) -> None:
    message = await letters.publish()
    await letters.db.execute("select tide.relay_delete('p')")
    call = f"select tide._put_aside(1, '{letters.epoch}', $1::text::jsonb)"
    assert (await refusal(letters.db, call, json.dumps([letter(message)]))).sqlstate == "TD001"


async def test_a_chain_goes_in_order_once_its_first_is_retried(letters: Letters) -> None:
    messages = await letters.chain(3)
    assert await letters.parked_keys() == {"k"}
    assert await letters.retries() == []
    assert not await letters.to_retry()
    assert [row["waits_behind"] for row in await letters.all()] == [None, 1, 1]
    await retry(letters, 1)
    assert await letters.to_retry()
    assert await letters.retries() == messages
    assert await letters.retries(2) == messages[:2]
    assert await letters.end(messages[0]) == {"k"}
    assert await letters.states() == ["delivered", "retrying", "parked"]
    assert await letters.retries() == messages[1:]
    assert await letters.end(messages[1], state="filtered") == {"k"}
    assert await letters.end(messages[2]) == set()
    assert await letters.states() == ["delivered", "filtered", "delivered"]
    assert {row["attempts"] for row in await letters.all()} == {2}
    assert all(row["resolved_at"] for row in await letters.all())
    assert not await letters.to_retry()
    assert await letters.parked_keys() == set()


async def test_a_retry_that_fails_keeps_the_rest(letters: Letters) -> None:
    first, second, third = await letters.chain(3)
    await retry(letters, 1)
    await letters.end(first)
    await letters.put(second)
    await letters.put(third, state="parked")
    assert await letters.states() == ["delivered", "waiting", "parked"]
    assert await letters.retries() == []
    assert not await letters.to_retry()
    assert await letters.parked_keys() == {"k"}
    await retry(letters, 2)
    assert await letters.retries() == [second, third]


async def test_a_discarded_first_releases_the_others(letters: Letters) -> None:
    _, second, third = await letters.chain(3)
    await discard(letters, 1)
    assert await letters.states() == ["discarded", "retrying", "parked"]
    assert await letters.to_retry()
    assert await letters.retries() == [second, third]


async def test_a_discarded_one_in_between_changes_nothing_else(letters: Letters) -> None:
    first, _, third = await letters.chain(3)
    await discard(letters, 2)
    assert await letters.retries() == []
    await retry(letters, 1)
    assert await letters.retries() == [first, third]


async def test_the_last_of_a_chain_discarded_leaves_no_key(letters: Letters) -> None:
    await letters.chain(1)
    await discard(letters, 1)
    assert await letters.parked_keys() == set()
    late = await letters.publish()  # the relay did not know yet
    await letters.put(late, state="parked")
    assert await letters.to_retry()
    assert await letters.retries() == [late]
    assert await letters.parked_keys() == {"k"}


async def test_a_chain_waits_again_at_the_next_that_waits(letters: Letters) -> None:
    first, second = await letters.chain(2)
    third, fourth = await letters.publish(), await letters.publish()
    await letters.put(third)
    await letters.put(fourth, state="parked")
    await retry(letters, 1)
    assert await letters.retries() == [first, second]
    await retry(letters, 3)
    assert await letters.retries() == [first, second, third, fourth]


async def test_a_retry_behind_one_that_waits_does_not_pass_it(letters: Letters) -> None:
    first, second = await letters.publish(), await letters.publish()
    await letters.put(first, second)
    await retry(letters, 2)
    assert await letters.retries() == []
    assert not await letters.to_retry()
    await discard(letters, 1)
    assert await letters.retries() == [second]


async def test_chains_and_single_ones_come_in_the_order_they_were_put_aside(
    letters: Letters,
) -> None:
    a = await letters.chain(2, "a")
    alone = await letters.publish("a")
    await letters.put(alone, parks=False)
    b = await letters.chain(2, "b")
    c = await letters.chain(2, "c")
    await letters.db.execute("select tide.dead_letter_retry_all('p', key => 'a')")
    await discard(letters, 6)
    assert await letters.retries() == [*a, alone, c[1]]
    await letters.db.execute("select tide.dead_letter_retry_all('p')")
    assert await letters.retries() == [*a, alone, *b, c[1]]


async def test_what_ended_and_was_discarded_meanwhile_stays_discarded(letters: Letters) -> None:
    first, second = await letters.chain(2)
    await retry(letters, 1)
    await discard(letters, 1)
    assert await letters.end(first) == {"k"}
    assert await letters.states() == ["discarded", "retrying"]
    await discard(letters, 2)
    assert await letters.end(second) == set()


async def test_one_nobody_asked_for_is_not_ended(letters: Letters) -> None:
    (message,) = await letters.chain(1)
    assert await letters.end(message) == set()
    assert await letters.states() == ["waiting"]


async def test_pages_of_retries_are_cut_by_bytes(letters: Letters) -> None:
    messages = [await letters.publish(None, "x" * 1000) for _ in range(5)]
    await letters.put(*messages, parks=False)
    await letters.db.execute("select tide.dead_letter_retry_all('p')")
    assert await letters.retries(size=1) == messages[:1]
    assert await letters.retries(size=2000) == messages[:2]
    sizes = [row["bytes_so_far"] for row in await letters.rows()]
    assert sizes == sorted(sizes)
    assert sizes[0] > 1000


async def test_a_retry_gives_what_a_poll_gave(letters: Letters) -> None:
    await letters.db.execute(
        "select tide.outbox_publish('orders', '{\"a\": [1.10, null]}', 'd',"
        " '{\"h\": \"v\"}', 'op', 'k')"
    )
    polled = await letters.db.fetch(
        "select * from tide._open_window(1, $1, 1, '3:3:', 10, 1000000)", letters.epoch
    )
    await letters.put(polled[1]["id"])
    await retry(letters, 1)
    (row,) = await letters.rows()
    assert dict(row) == dict(polled[1])


async def test_a_key_may_have_a_megabyte(letters: Letters) -> None:
    first, second = await letters.chain(2, MEGABYTE)
    assert await letters.parked_keys() == {MEGABYTE}
    await letters.db.execute("select tide.dead_letter_retry_all('p', key => $1)", MEGABYTE)
    assert await letters.retries() == [first, second]
    assert await letters.end(first) == {MEGABYTE}
    assert await letters.end(second) == set()


async def test_keys_with_one_hash_are_two(letters: Letters) -> None:
    """Whoever chooses the keys can find such."""
    await letters.db.execute("alter table tide.dead_letter alter key_hash drop expression")
    await letters.db.execute(
        "create function tide.zero() returns trigger language plpgsql as $$"
        " begin new.key_hash := 0; return new; end $$;"
        " create trigger zero before insert on tide.dead_letter"
        " for each row execute function tide.zero();"
    )
    changes = {"hashtextextended($2, 0)": "0"}
    await letters.db.execute(simpler("functions/_first_of_chain.sql", changes))
    one, other = await letters.chain(2, "one"), await letters.chain(2, "other")
    assert await letters.parked_keys() == {"one", "other"}
    await letters.db.execute("select tide.dead_letter_retry_all('p', key => 'other')")
    assert await letters.retries() == other
    await discard(letters, 3)
    assert await letters.end(*other) == set()
    await discard(letters, 1)
    assert await letters.retries() == one[1:]


async def test_of_the_parked_keys_only_so_many_are_told(letters: Letters) -> None:
    for key in "abc":
        await letters.chain(2, key)
    assert await letters.parked_keys() == {"a", "b", "c"}
    assert len(await letters.parked_keys(2)) == 2


async def test_counts_are_of_what_is_unresolved(letters: Letters) -> None:
    await letters.chain(3, "a")
    await letters.chain(2, "b")
    await letters.put(await letters.publish("c"), parks=False)
    await discard(letters, 1)
    counts = "select * from tide._dead_letter_counts($1)"
    assert [tuple(row) for row in await letters.db.fetch(counts, None)] == [("p", 5, 2)]
    assert [tuple(row) for row in await letters.db.fetch(counts, "default")] == [("p", 5, 2)]
    assert await letters.db.fetch(counts, "other") == []
    status = await letters.db.fetchrow("select parked_keys, dead_letters from tide.relay_status")
    assert status is not None
    assert tuple(status) == (2, 5)


async def test_a_commit_counts_them_and_forgets_crashes(letters: Letters) -> None:
    db = letters.db
    await db.execute("update tide.position set crashes = 3")
    await db.execute("select tide._stamp_position(1)")
    commit = "select tide._commit(1, $1, $2, '3:3:', null, 0, 0, 0, 7)"
    await db.execute(commit, letters.epoch, (99, 1))  # it is elsewhere by now
    at = await db.fetchval("select ctid from tide.position")
    async with db.transaction():
        async with db.transaction():
            await db.execute(commit, letters.epoch, at)
        await letters.chain(2)
    row = await db.fetchrow(
        "select dead_lettered, crashes, writer_xmin = xmin as stamped from tide.position"
    )
    assert row is not None
    assert tuple(row) == (14, 0, True)


async def test_with_a_position_that_is_rolled_back_nothing_is_put_aside(letters: Letters) -> None:
    message = await letters.publish()
    transaction = letters.db.transaction()
    await transaction.start()
    await letters.put(message)
    await transaction.rollback()
    assert await letters.all() == []


@pytest.mark.parametrize("analyzed", [True, False], ids=["analyzed", "new"])
@pytest.mark.parametrize("one_key", [True, False], ids=["one chain", "single keys"])
async def test_what_the_relay_asks_looks_at_few(
    letters: Letters, *, one_key: bool, analyzed: bool
) -> None:
    """However many there are, and whatever is known of them: it asks again and again."""
    db = letters.db
    await db.execute(
        "insert into tide.dead_letter (pipeline_id, outbox_id, message_id, published_at, op, key,"
        " stage, reason, error, attempts, first_at, state, parks_key)"
        " select 1, 1, 1000000 + n, now(), 'insert', case when $1 then 'k' else n::text end, 's',"
        " 'r', 'e', 1, now(), case when $1 and n > 1 then 'parked' else 'waiting' end, true"
        " from generate_series(1, 5000) as n",
        one_key,
    )
    if analyzed:
        await db.execute("analyze tide.dead_letter")

    before = 0

    async def looked_at(rows: int) -> None:
        """How many rows this transaction has looked at, since it was asked last."""
        nonlocal before
        now = await db.fetchval(
            "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
            " from pg_stat_xact_user_tables where relname = 'dead_letter'"
        )
        assert now - before <= rows
        before = now

    async with db.transaction():
        assert not await letters.to_retry()
        assert await letters.retries(10) == []
        await looked_at(0)
        message = await letters.publish("k")
        await letters.put(message, state="parked" if one_key else "waiting")
        await looked_at(10)
        await retry(letters, 1)
        await looked_at(10)
        assert await letters.to_retry()
        await looked_at(10)
        assert len(await letters.retries(10)) == (10 if one_key else 1)
        await looked_at(50)
        await letters.end(1_000_001)
        await looked_at(20)
        assert len(await letters.parked_keys(10)) == (1 if one_key else 10)


# What an operator asks for


async def test_a_parked_one_is_not_retried(letters: Letters) -> None:
    await letters.chain(3)
    error = await refusal(letters.db, "select tide.dead_letter_retry(3)")
    assert error.sqlstate == "55000"
    assert (
        error.message == "dead letter 3 waits behind dead letter 1, an earlier message of its key"
    )
    assert error.hint == (
        'Retry or discard that one: "SELECT tide.dead_letter_retry(1)"; what waits behind it'
        " follows."
    )
    await retry(letters, 1)
    await retry(letters, 3)  # on its way already
    await retry(letters, 1)
    assert await letters.states() == ["retrying", "parked", "parked"]


@pytest.mark.parametrize("function", ["dead_letter_retry", "dead_letter_discard"])
async def test_misuse_by_id_is_refused(letters: Letters, function: str) -> None:
    call = f"select tide.{function}($1)"
    error = await refusal(letters.db, call, None)
    assert (error.sqlstate, error.message) == ("22004", "id must not be null")
    error = await refusal(letters.db, call, 7)
    assert (error.sqlstate, error.message) == ("42704", "there is no dead letter 7")
    for _ in range(5):
        message = await letters.publish()
    await letters.put(message)
    error = await refusal(letters.db, call, message)
    assert error.hint == f"Message {message} is dead letter 1: the id is meant, not the message's."
    await discard(letters, 1)
    error = await refusal(letters.db, call, 1)
    assert error.sqlstate == "55000"
    assert error.message.startswith("dead letter 1 was discarded at 2")
    assert error.hint


@pytest.mark.parametrize("function", ["dead_letter_retry_all", "dead_letter_discard_all"])
async def test_misuse_by_pipeline_is_refused(letters: Letters, function: str) -> None:
    await letters.db.execute("select tide.relay_set_outbox('other', 'orders', $1)", CONFIG)
    call = f"select tide.{function}($1)"
    error = await refusal(letters.db, call, None)
    assert (error.sqlstate, error.message) == ("22004", "pipeline must not be null")
    error = await refusal(letters.db, call, "othr")
    assert error == ("42704", 'there is no pipeline "othr"', 'Did you mean "other"?')


@pytest.mark.parametrize("call", ["retry(1)", "discard(1)", "retry_all('p')", "discard_all('p')"])
async def test_they_are_asked_for_in_read_committed_alone(letters: Letters, call: str) -> None:
    await letters.chain(1)
    await letters.db.execute("begin isolation level serializable")
    error = await refusal(letters.db, f"select tide.dead_letter_{call}")
    assert error.sqlstate == "TD003"
    await letters.db.execute("rollback")


async def test_some_are_chosen_by_stage_and_by_key(letters: Letters) -> None:
    for key, stage in (("a", "transform"), ("a", "encode"), ("b", "encode"), (None, "encode")):
        await letters.put(await letters.publish(key), parks=False, stage=stage)

    async def call(function: str) -> int:
        done: int = await letters.db.fetchval(f"select tide.dead_letter_{function}")
        return done

    assert await call("retry_all('p', 'encode', 'a')") == 1
    assert await letters.states() == ["waiting", "retrying", "waiting", "waiting"]
    assert await call("retry_all('p', stage => 'encode')") == 2
    assert await call("retry_all('p', key => 'none')") == 0
    assert await call("discard_all('p', key => 'a')") == 2
    assert await letters.states() == ["discarded", "discarded", "retrying", "retrying"]
    assert await call("discard_all('p', 'encode')") == 2
    assert await call("discard_all('p')") == 0


async def test_all_of_a_stage_discarded_releases_what_waited_behind(letters: Letters) -> None:
    _, second = await letters.chain(2)
    await letters.db.execute("select tide.dead_letter_discard_all('p', 'transform')")
    await letters.db.execute("update tide.dead_letter set stage = 'park'")
    assert await letters.states() == ["discarded", "discarded"]
    third, fourth = await letters.publish(), await letters.publish()
    await letters.put(third)
    await letters.put(fourth, state="parked", stage="park", reason="key_parked")
    await letters.db.execute("select tide.dead_letter_discard_all('p', 'transform')")
    assert await letters.retries() == [fourth]
    assert second


@pytest.mark.parametrize("call", ["retry(1)", "discard(1)", "retry_all('p')", "discard_all('p')"])
async def test_the_relay_hears_of_it(letters: Letters, connect: Connect, call: str) -> None:
    await letters.chain(1)
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await connect()
    await listener.add_listener("tide_config", lambda *notice: heard.put_nowait(str(notice[3])))
    await letters.db.execute(f"select tide.dead_letter_{call}")
    async with asyncio.timeout(5):
        assert await heard.get() == "p"


# Two at the same time


async def test_a_first_discarded_by_an_open_transaction_keeps_nobody_waiting(
    letters: Letters, connect: Connect
) -> None:
    """Neither the relay, which does not wait, nor what it parks behind it at that moment."""
    await letters.chain(1)
    late = await letters.publish()
    operator = await connect()
    async with operator.transaction():
        await operator.execute("select tide.dead_letter_discard(1)")
        await letters.put(late, state="parked")
        assert await letters.retries() == []
    assert await letters.to_retry()
    assert await letters.retries() == [late]


async def test_a_discard_that_is_taken_back_keeps_the_chain(
    letters: Letters, connect: Connect
) -> None:
    first, second = await letters.chain(2)
    late = await letters.publish()
    operator = await connect()
    await operator.execute("begin; select tide.dead_letter_discard(1)")
    await letters.put(late, state="parked")
    await operator.execute("rollback")
    assert await letters.retries() == []
    assert not await letters.to_retry()
    await retry(letters, 1)
    assert await letters.retries() == [first, second, late]


@pytest.mark.parametrize("call", ["discard(1)", "discard_all('p', 'transform')"])
async def test_a_discard_sees_what_was_parked_meanwhile(
    letters: Letters, connect: Connect, call: str
) -> None:
    await letters.chain(1)
    late = await letters.publish()
    operator = await connect()
    async with letters.db.transaction():
        await letters.put(late, state="parked", stage="park")
        discarding = asyncio.create_task(operator.execute(f"select tide.dead_letter_{call}"))
        await until_blocked(await connect(), operator.get_server_pid())
    await discarding
    assert await letters.retries() == [late]
    assert await letters.to_retry()


async def test_two_who_discard_the_first_two_release_the_third(
    letters: Letters, connect: Connect
) -> None:
    third = (await letters.chain(3))[2]
    one, other = await connect(), await connect()
    await one.execute("begin; select tide.dead_letter_discard(2)")
    discarding = asyncio.create_task(other.execute("select tide.dead_letter_discard(1)"))
    await until_blocked(await connect(), other.get_server_pid())
    await one.execute("commit")
    await discarding
    assert await letters.to_retry()
    assert await letters.retries() == [third]


async def test_what_is_resolved_meanwhile_is_said(letters: Letters, connect: Connect) -> None:
    (message,) = await letters.chain(1)
    await retry(letters, 1)
    operator = await connect()
    async with letters.db.transaction():
        await letters.end(message)
        discarding = asyncio.create_task(refusal(operator, "select tide.dead_letter_discard(1)"))
        await until_blocked(await connect(), operator.get_server_pid())
    error = await discarding
    assert error.sqlstate == "55000"
    assert error.message.startswith("dead letter 1 was delivered at 2")
    assert await letters.states() == ["delivered"]


# What they stand in the way of, and how long they stay


async def test_a_pipeline_with_dead_letters_is_not_deleted(letters: Letters) -> None:
    await letters.chain(2)
    error = await refusal(letters.db, "select tide.relay_delete('p')")
    assert error.sqlstate == "2BP01"
    assert error.message == 'pipeline "p" has 2 unresolved dead letters'
    assert error.hint == (
        "Deliver them with \"SELECT tide.dead_letter_retry_all('p')\" while it runs, or give them"
        " up with \"SELECT tide.dead_letter_discard_all('p')\"."
    )
    await discard(letters, 1)
    error = await refusal(letters.db, "select tide.relay_delete('p')")
    assert error.message == 'pipeline "p" has 1 unresolved dead letter'
    await letters.db.execute("select tide.dead_letter_discard_all('p')")
    await letters.db.execute("select tide.relay_delete('p')")
    assert await letters.all() == []


async def test_a_pipeline_with_dead_letters_stays_at_its_outbox(letters: Letters) -> None:
    await letters.chain(1)
    await letters.db.execute("select tide.outbox_create('returns')")
    await letters.db.execute("select tide.relay_set_outbox('p', 'orders', 'other', $1)", CONFIG)
    move = "select tide.relay_set_outbox('p', 'returns', 'g', $1)"
    assert (await refusal(letters.db, move, CONFIG)).sqlstate == "2BP01"
    await discard(letters, 1)
    await letters.db.execute(move, CONFIG)
    assert [row["outbox"] for row in await letters.all()] == ["orders"]


async def test_an_outbox_takes_them_along_only_by_force(letters: Letters) -> None:
    await letters.chain(2)
    error = await refusal(letters.db, "select tide.outbox_drop('orders')")
    assert error.sqlstate == "2BP01"
    assert error.message is not None
    assert 'pipeline "p" with 2 unresolved dead letters' in error.message
    await letters.db.execute("select tide.outbox_drop('orders', force => true)")
    assert await letters.db.fetchval("select count(*) from tide.dead_letter") == 0


async def test_resolved_ones_go_after_their_time(letters: Letters) -> None:
    db = letters.db
    await letters.put(*[await letters.publish(None) for _ in range(3)], parks=False)
    for dead_letter in (1, 2):
        await discard(letters, dead_letter)

    async def keep(days: object) -> None:
        config = {**json.loads(CONFIG), "dead_letter": {"retention_days": days}}
        await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", json.dumps(config))

    age = "update tide.dead_letter set resolved_at = now() - $1::interval where id = 1"
    await db.execute(age, dt.timedelta(days=29, hours=23))
    assert await db.fetchval("select tide._sweep_dead_letters()") == 0
    await db.execute(age, dt.timedelta(days=30, hours=1))
    assert await db.fetchval("select tide._sweep_dead_letters()") == 1
    await keep("36500")
    assert await db.fetchval("select tide._sweep_dead_letters()") == 0
    await keep(0)
    assert await db.fetchval("select tide._sweep_dead_letters()") == 1
    assert await letters.states() == ["waiting"]


async def test_a_discarded_one_stays_while_its_chain_does(letters: Letters) -> None:
    """It may be the one that is tried at this moment, and the relay then asks for its key."""
    first, second = await letters.chain(2)
    await retry(letters, 1)
    await discard(letters, 1)
    await letters.db.execute("update tide.dead_letter set resolved_at = '2020-01-01' where id = 1")
    assert await letters.db.fetchval("select tide._sweep_dead_letters()") == 0
    assert await letters.end(first) == {"k"}
    assert await letters.end(second) == set()
    assert await letters.db.fetchval("select tide._sweep_dead_letters()") == 1


async def test_a_sweep_frees_what_somebody_left_behind(letters: Letters) -> None:
    _, second, third = await letters.chain(3)
    await letters.db.execute("delete from tide.dead_letter where id = 1")
    assert not await letters.to_retry()
    await letters.db.execute("select tide._sweep_dead_letters()")
    assert await letters.to_retry()
    assert await letters.retries() == [second, third]


# Who may


async def test_what_messages_hold_is_shown_to_admins_alone(letters: Letters) -> None:
    await letters.put(await letters.publish("k", {"secret": 1}))
    db = letters.db
    query = "select key, payload::text, headers, payload_bytes, before from tide.dead_letters"
    for role, payload in (("tide_viewer", None), ("tide_admin", '{"secret": 1}')):
        await db.execute(f"set role {role}")
        row = await db.fetchrow(query)
        await db.execute("reset role")
        assert row is not None
        assert (row["key"], row["payload"]) == ("k", payload)
    await db.execute("set role tide_viewer")
    hunted = await db.fetchval("select count(*) from tide.dead_letters where payload is not null")
    await db.execute("reset role")
    assert hunted == 0


async def test_who_is_no_admin_resolves_nothing(letters: Letters) -> None:
    await letters.chain(1)
    for role in ("tide_publisher", "tide_relay", "tide_viewer"):
        await letters.db.execute(f"set role {role}")
        for call in ("retry(1)", "discard(1)", "retry_all('p')", "discard_all('p')"):
            error = await refusal(letters.db, f"select tide.dead_letter_{call}")
            assert error.sqlstate == "42501"
        await letters.db.execute("reset role")
    await letters.db.execute("set role tide_admin")
    await letters.db.execute("select tide.dead_letter_retry(1)")
    await letters.db.execute("reset role")
    assert await letters.states() == ["retrying"]


async def test_a_relay_does_all_of_its_part(letters: Letters) -> None:
    message = await letters.publish()
    await letters.db.execute("set role tide_relay")
    await put_aside(letters.db, letters.epoch, [letter(message, state="waiting")])
    await letters.db.execute("reset role")
    await retry(letters, 1)
    await letters.db.execute("set role tide_relay")
    assert await letters.to_retry()
    assert await letters.parked_keys() == {"k"}
    assert await letters.retries() == [message]
    assert await letters.end(message) == set()
    await letters.db.fetch("select * from tide._dead_letter_counts('default')")
    await letters.db.execute("select tide._sweep_dead_letters()")
    await letters.db.execute("reset role")
    assert await letters.states() == ["delivered"]
