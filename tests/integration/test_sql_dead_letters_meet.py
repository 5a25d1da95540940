"""Who changes dead letters at the same time as others: nobody waits for ever, nothing is lost."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any

import asyncpg
import pytest

from tests.fixtures.letters import CONFIG, Letters
from tests.fixtures.sql import Connect, Connection, refusal
from tests.integration.rules.stage import simpler, until_blocked

SHORT = {"interval '10 seconds'": "interval '0.5 seconds'"}


@pytest.fixture
async def letters(db: Connection) -> Letters:
    """Return a pipeline that is held, with nothing put aside yet."""
    return await Letters.at(db)


async def blocked(
    connect: Connect, connection: Connection, sql: str, *values: object
) -> asyncio.Task[str]:
    """Begin a statement, and return it once it waits for a lock."""
    running: Coroutine[Any, Any, str] = connection.execute(sql, *values)
    task = asyncio.create_task(running)
    await until_blocked(await connect(), connection.get_server_pid())
    return task


@pytest.mark.parametrize("call", ["discard(1)", "discard_all('p')"])
async def test_the_operator_gives_way_to_the_relay(
    letters: Letters, connect: Connect, call: str
) -> None:
    """The relay locks in the order of what happened to its records, and has them on their way."""
    first, second, _ = await letters.chain(3)
    await letters.db.execute("select tide.dead_letter_retry(1)")
    await letters.db.execute("set deadlock_timeout = '60s'; set lock_timeout = '5s'")
    operator = await connect()
    async with letters.db.transaction():
        await letters.put(second)
        discarding = await blocked(connect, operator, f"select tide.dead_letter_{call}")
        assert await letters.end(first) == {"k"}
    if call == "discard(1)":
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await discarding
        assert await letters.states() == ["delivered", "waiting", "parked"]
    else:
        await discarding
        assert await letters.states() == ["delivered", "discarded", "discarded"]


@pytest.mark.parametrize("call", ["discard(2)", "discard_all('p')", "retry_all('p')"])
async def test_who_meets_an_operator_that_does_not_commit_is_told(
    letters: Letters, connect: Connect, call: str
) -> None:
    await letters.db.execute(simpler("functions/_give_way.sql", SHORT))
    await letters.put(await letters.publish("a"), await letters.publish("b"))
    one = await connect()
    async with one.transaction():
        await one.execute("select tide.dead_letter_retry(2)")
        error = await refusal(letters.db, f"select tide.dead_letter_{call}")
    assert error.sqlstate == "55P03"
    assert error.message == 'dead letters of pipeline "p" are being changed by somebody else'
    assert error.hint is not None
    assert error.hint.startswith("Perhaps another session retried or discarded some")
    assert await letters.states() == ["waiting", "retrying"]


async def test_who_retries_what_is_discarded_meanwhile_is_told(
    letters: Letters, connect: Connect
) -> None:
    await letters.chain(1)
    one = await connect()
    await one.execute("begin; select tide.dead_letter_discard(1)")
    other = await connect()
    retrying = await blocked(connect, other, "select tide.dead_letter_retry(1)")
    await one.execute("commit")
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="1 was discarded at"):
        await retrying


async def test_a_pipeline_does_not_leave_an_outbox_while_messages_are_put_aside(
    letters: Letters, connect: Connect
) -> None:
    message = await letters.publish()
    await letters.db.execute("select tide.outbox_create('returns')")
    other = await connect()
    move = "select tide.relay_set_outbox('p', 'returns', 'g', $1)"
    async with letters.db.transaction():
        await letters.put(message)
        moving = await blocked(connect, other, move, CONFIG)
    with pytest.raises(asyncpg.DependentObjectsStillExistError, match="1 unresolved dead letter"):
        await moving
    await letters.db.execute("select tide.dead_letter_discard_all('p')")
    await letters.db.execute("begin isolation level repeatable read")
    assert (await refusal(letters.db, move, CONFIG)).sqlstate == "TD003"
    await letters.db.execute("rollback")


@pytest.mark.parametrize(
    "call",
    [
        "relay_delete('p', drop_consumer_group => true)",
        "outbox_drop('orders', force => true)",
    ],
)
async def test_who_deletes_a_pipeline_locks_as_the_relay_does(
    letters: Letters, connect: Connect, call: str
) -> None:
    """The position first: else each waits for what the other has."""
    message = await letters.publish()
    other = await connect()
    async with letters.db.transaction():
        await letters.db.execute("select from tide.position for no key update")
        deleting = await blocked(connect, other, f"select tide.{call}")
        await letters.db.execute("set local lock_timeout = '2s'")
        await letters.put(message)
        await letters.db.execute("select tide._sweep_dead_letters()")
        await letters.end(message)
        await letters.db.execute("update tide.dead_letter set state = 'retrying'")
        await letters.end(message)
    await deleting
    assert await letters.db.fetchval("select count(*) from tide.dead_letter") == 0
    assert await letters.db.fetchval("select count(*) from tide.position") == 0


async def test_a_state_is_told_in_the_same_order(letters: Letters, connect: Connect) -> None:
    """The position before the pipeline: who deletes both would wait for it, and it for him."""
    other, third = await connect(), await connect()
    async with letters.db.transaction():
        await letters.db.execute("select from tide.position for no key update")
        report = "select tide._report_state(1, 'running', epoch => $1)"
        telling = await blocked(connect, other, report, letters.epoch)
        await third.execute("select from tide.pipeline for update nowait")
    await telling


async def lives(letters: Letters) -> None:
    """Let the pipeline be that of a relay that is there."""
    relay = uuid.uuid4()
    await letters.db.execute("select tide._register_relay($1, 'a relay', '1')", relay)
    letters.epoch = await letters.db.fetchval("select epoch from tide._take_over(1, $1)", relay)


async def test_one_discarded_while_it_may_be_tried_is_not_forgotten_at_once(
    letters: Letters,
) -> None:
    """The relay would put it aside anew, or fail for its message is nowhere."""
    db = letters.db
    keep = f'{CONFIG[:-2]}, "retention_days": 0}}}}'
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", keep)
    await lives(letters)
    message = await letters.publish(None)
    await letters.put(message)
    await db.execute("select tide.dead_letter_retry(1)")
    assert await letters.retries() == [message]
    await db.execute("delete from tide.message; select tide.dead_letter_discard(1)")
    assert await db.fetchval("select tide._sweep_dead_letters()") == 0
    assert await letters.put(message) == 0
    await db.execute("update tide.dead_letter set resolved_at = now() - interval '61 minutes'")
    assert await db.fetchval("select tide._sweep_dead_letters()") == 1


async def fill(db: Connection, state: str, number: int = 5000) -> None:
    await db.execute(
        "insert into tide.dead_letter (pipeline_id, outbox_id, message_id, published_at, op, key,"
        " stage, reason, error, attempts, first_at, state, parks_key, resolved_at)"
        " select 1, 1, 1000000 + n, now(), 'insert', 'k', 's', 'r', 'e', 1, now(),"
        " case when $1 <> 'parked' or n > 1 then $1 else 'waiting' end, true,"
        " case when $1 <> 'parked' then now() end from generate_series(1, $2::int) as n",
        *(state, number),
    )


async def looked_at(db: Connection) -> int:
    """How many rows of the table this connection has looked at lately."""
    rows: int = await db.fetchval(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
        " from pg_stat_xact_user_tables where relname = 'dead_letter'"
    )
    return rows


@pytest.mark.parametrize("state", ["delivered", "discarded", "parked"])
@pytest.mark.parametrize("analyzed", [True, False], ids=["analyzed", "new"])
async def test_a_sweep_looks_at_few(letters: Letters, *, analyzed: bool, state: str) -> None:
    """It runs every few seconds, and what is resolved stays for a month."""
    await fill(letters.db, state)
    if analyzed:
        await letters.db.execute("analyze tide.dead_letter")
    async with letters.db.transaction():
        before = await looked_at(letters.db)
        assert await letters.db.fetchval("select tide._sweep_dead_letters()") == 0
        assert await looked_at(letters.db) - before <= 250


@pytest.mark.parametrize("known", ["waiting", "parked", "retrying"])
async def test_old_statistics_lead_nobody_astray(letters: Letters, known: str) -> None:
    """Thousands change their state in one call, and are analyzed some time later."""
    db = letters.db
    await db.execute("alter table tide.dead_letter set (autovacuum_enabled = off)")
    await fill(db, "parked")
    await db.execute("update tide.dead_letter set state = $1", known)
    await db.execute("analyze tide.dead_letter")
    await db.execute(
        "update tide.dead_letter set state = 'delivered', resolved_at = now() where id < 4990"
    )
    await db.execute("update tide.dead_letter set state = 'retrying' where id >= 4990")
    async with db.transaction():
        before = await looked_at(db)
        assert await letters.to_retry()
        assert len(await letters.retries(5)) == 5
        assert await letters.end(1_004_990) == {"k"}
        await db.execute("select tide.dead_letter_discard(4991)")
        assert await looked_at(db) - before <= 100


async def test_nobody_has_a_function_run_as_the_relay(letters: Letters, connect: Connect) -> None:
    """In PostgreSQL 14 and before everybody may create functions in schema public."""
    db = letters.db
    await db.execute(
        "grant create on schema public to public;"
        " create table public.prey (role text); grant all on public.prey to public;"
    )
    other = await connect()
    await other.execute(
        "create role pirate; set role pirate;"
        " create function public.catch(text[], text[]) returns boolean language plpgsql as"
        " $$ begin insert into public.prey values (current_user); return true; end $$;"
        " create operator public.= (leftarg = text[], rightarg = text[], function = public.catch);"
        " create function public.concat_ws(text, text, name) returns text language plpgsql as"
        " $$ begin insert into public.prey values (current_user); return ''; end $$;"
        " create function public.array_agg(int) returns int[] language plpgsql as"
        " $$ begin insert into public.prey values (current_user); return '{}'; end $$;"
    )
    try:
        await lives(letters)
        await db.fetch("select * from tide._look('default')")
        await db.execute("select tide._try_locks('{7}')")
        await db.execute("select tide._end_silent_relays($1)", uuid.uuid4())
        async with other.transaction():
            await other.execute("reset role; update tide.position set crashes = 0")
            await db.execute("select tide._end_blocker(1)")
        assert await db.fetchval("select count(*) from public.prey") == 0
        unpinned = await db.fetch(
            "select proname from pg_proc where pronamespace = 'tide'::regnamespace"
            " and proname = any ('{_look,_try_locks,_end_silent_relays,_end_blocker,_relay_rights,"
            "_drop_empty_rings,_reads_messages}')"
            " and not 'search_path=pg_catalog, pg_temp' = any (coalesce(proconfig, '{}'))"
        )
        assert unpinned == []
    finally:
        await other.execute("reset role; drop owned by pirate cascade; drop role pirate")
