"""Outboxes are created, changed and dropped, and stand in nobody's way while that happens."""

import asyncio

import asyncpg
import pytest

from tests.fixtures.sql import Connect, Connection, all_rows, refusal

LEAVES = (
    "select c.oid::regclass::text as name, c.reloptions,"
    " (select array_agg(distinct a.attstorage::text) from pg_attribute a where a.attrelid = c.oid"
    "   and a.attname in ('headers', 'payload', 'payload_bytes', 'before')) as storage,"
    " (select array_agg(x.relname order by x.relname) from pg_index i"
    "   join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid)::text[] as indexes"
    " from pg_class c where c.relname ~ '^message_[0-9]+_[0-9]+$' and c.relkind = 'r' order by 1"
)
SET_OUTBOX = (
    "select tide.relay_set_outbox('p', 'orders',"
    ' \'{"brokers": "localhost:9092", "topic": "t"}\')'
)
UNSTAMPED = (
    "select 'outbox ' || o.name from tide.outbox o where o.writer_xmin is distinct from o.xmin"
    " union all"
    " select 'position ' || p.group_id from tide.position p"
    "   where p.writer_xmin is distinct from p.xmin"
)


async def outbox(db: Connection, name: str = "orders") -> asyncpg.Record:
    row = await db.fetchrow("select * from tide.outbox where name = $1", name)
    assert row is not None
    return row


async def test_creates_a_ring_of_slots_stored_uncompressed(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders', slots => 3)")
    leaves = await db.fetch(LEAVES)
    assert [leaf["name"] for leaf in leaves] == [f"tide.message_1_{slot}" for slot in range(3)]
    for leaf in leaves:
        assert leaf["storage"] == ["e"]
        assert leaf["reloptions"] == ["autovacuum_vacuum_insert_threshold=-1"]
        short = leaf["name"].removeprefix("tide.")
        assert leaf["indexes"] == [f"{short}_id_idx", f"{short}_xid_idx"]


async def test_a_large_payload_is_not_compressed(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.outbox_publish('orders', to_jsonb(repeat('a', 900000)))")
    size = await db.fetchval("select pg_column_size(payload) from tide.message")
    assert size > 900_000


async def test_keeps_what_it_was_created_with(db: Connection) -> None:
    await db.execute(
        "select tide.outbox_create('orders', retention_hours => 0.25, slots => 5,"
        " max_message_bytes => 1000)"
    )
    row = await outbox(db)
    assert row["enabled"]
    assert (row["slots"], row["current_slot"], row["max_message_bytes"]) == (5, 0, 1000)
    assert float(row["retention_hours"]) == 0.25
    assert await db.fetchval("select pg_sequence_last_value('tide.wake_1')") == 0
    assert await db.fetchval("select wake_sequence from tide.outbox") is not None


@pytest.mark.parametrize(
    "name",
    ["o", "with space", "quote\"s and 's", "Ünïcode 📦", "x" * 200, "a.b/c:d%s", "1", "null"],
)
async def test_takes_any_sensible_name(db: Connection, name: str) -> None:
    await db.execute("select tide.outbox_create($1)", name)
    message_id = await db.fetchval("select tide.outbox_publish($1, '{}')", name)
    assert await db.fetchval("select id from tide.message") == message_id
    await db.execute("select tide.outbox_drop($1, force => true)", name)


async def test_zero_bytes_mean_no_limit(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders', max_message_bytes => 0)")
    assert (await outbox(db))["max_message_bytes"] is None


async def test_if_not_exists_changes_nothing(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders', 12)")
    before = await outbox(db)
    await db.execute("select tide.outbox_create('orders', 48, if_not_exists => true)")
    assert await outbox(db) == before


@pytest.mark.parametrize("lenient", [False, True])
async def test_two_may_create_it_at_once(connect: Connect, lenient: bool) -> None:
    first, second, observer = await connect(), await connect(), await connect()
    async with first.transaction():
        await first.execute("select tide.outbox_create('orders')")
        waiting = asyncio.create_task(
            second.execute("select tide.outbox_create('orders', if_not_exists => $1)", lenient)
        )
        await until_locked(observer)
    if lenient:
        await waiting
    else:
        with pytest.raises(asyncpg.DuplicateObjectError, match='outbox "orders" exists already'):
            await waiting
    assert await observer.fetchval("select count(*) from tide.outbox") == 1


async def test_the_second_creates_it_when_the_first_gives_up(connect: Connect) -> None:
    first, second, observer = await connect(), await connect(), await connect()
    transaction = first.transaction()
    await transaction.start()
    await first.execute("select tide.outbox_create('orders')")
    waiting = asyncio.create_task(second.execute("select tide.outbox_create('orders')"))
    await until_locked(observer)
    await transaction.rollback()
    await waiting
    assert await observer.fetchval("select tide.outbox_publish('orders', '{}')") > 0


async def until_locked(observer: Connection) -> None:
    """Return once a backend of this database waits for a lock."""
    for _ in range(2000):
        if await observer.fetchval(
            "select exists (select from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database())"
        ):
            return
        await asyncio.sleep(0.005)
    pytest.fail("nobody waits for a lock")


async def test_creating_waits_for_no_open_transaction_and_delays_none(connect: Connect) -> None:
    publisher, creator, other = await connect(), await connect(), await connect()
    for connection in (creator, other):
        await connection.execute("set lock_timeout = '1s'")
    await creator.execute("select tide.outbox_create('orders')")
    async with publisher.transaction():
        await publisher.execute("select tide.outbox_publish('orders', '1')")
        async with creator.transaction():
            await creator.execute("select tide.outbox_create('returns')")
            await other.execute("select tide.outbox_publish('orders', '2')")
            assert await other.fetchval("select count(*) from tide.message") == 1
    await other.execute("select tide.outbox_publish('returns', '3')")
    assert await other.fetchval("select count(*) from tide.message") == 3


async def test_alter_changes_only_what_is_given(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders', 24, max_message_bytes => 10)")
    await db.execute("select tide.outbox_alter('orders', retention_hours => 0)")
    row = await outbox(db)
    assert (row["retention_hours"], row["max_message_bytes"]) == (0, 10)
    await db.execute("select tide.outbox_alter('orders', max_message_bytes => 20)")
    row = await outbox(db)
    assert (row["retention_hours"], row["max_message_bytes"]) == (0, 20)
    await db.execute("select tide.outbox_alter('orders', max_message_bytes => 0)")
    assert (await outbox(db))["max_message_bytes"] is None


async def test_a_disabled_outbox_refuses_until_it_is_enabled(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders')")
    for _ in range(2):
        await db.execute("select tide.outbox_disable('orders')")
        assert (await refusal(db, "select tide.outbox_publish('orders', '{}')")).sqlstate == "55000"
    for _ in range(2):
        await db.execute("select tide.outbox_enable('orders')")
        await db.execute("select tide.outbox_publish('orders', '{}')")


async def test_drops_everything_that_belongs_to_it(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.outbox_create('returns')")
    await db.execute("select tide.outbox_publish('returns', '{}')")
    await db.execute("select tide.consumer_group_create('orders', 'billing')")
    await db.execute(SET_OUTBOX)
    await db.execute("select tide._report_state(1, 'failed')")
    await db.execute("insert into tide.lease values (1, gen_random_uuid(), gen_random_uuid())")
    await db.execute("select tide.outbox_publish('orders', '{}')")
    await db.execute("select tide.outbox_drop('orders', force => true)")
    rows = await all_rows(db)
    for table in ("pipeline", "pipeline_state", "consumer_group", "position", "lease"):
        assert rows[table] == [], table
    assert await db.fetchval("select array_agg(name) from tide.outbox") == ["returns"]
    assert await db.fetchval("select count(*) from tide.message") == 1
    assert await db.fetchval("select to_regclass('tide.wake_1')") is None
    assert await db.fetchval("select to_regclass('tide.message_1_0')") is None


async def test_what_a_drop_leaves_behind_is_removed_when_nobody_looks(connect: Connect) -> None:
    db, other = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.outbox_create('returns')")
    await db.execute("select tide.outbox_drop('orders')")
    assert await db.fetchval("select to_regclass('tide.message_1')") is not None
    async with other.transaction():
        await other.execute("select tide.outbox_publish('returns', '{}')")
        assert await db.fetchval("select tide._drop_empty_rings()") == 0
    assert await db.fetchval("select tide._drop_empty_rings()") == 1
    assert await db.fetchval("select to_regclass('tide.message_1')") is None
    assert await db.fetchval("select tide._drop_empty_rings()") == 0
    assert await db.fetchval("select count(*) from tide.message") == 1


async def test_dropping_delays_nobody_elses_messages(connect: Connect) -> None:
    dropper, other = await connect(), await connect()
    await other.execute("set lock_timeout = '1s'")
    await dropper.execute("select tide.outbox_create('orders')")
    await dropper.execute("select tide.outbox_create('returns')")
    async with dropper.transaction():
        await dropper.execute("select tide.outbox_drop('orders')")
        await other.execute("select tide.outbox_publish('returns', '{}')")
        await other.execute("select tide.outbox_create('refunds')")
        await other.execute("select tide.outbox_publish('refunds', '{}')")


async def test_drop_says_all_that_is_in_the_way(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.outbox_publish('orders', '{}') from generate_series(1, 2)")
    unread = await refusal(db, "select tide.outbox_drop('orders')")
    assert unread.message == (
        'outbox "orders" is in use: 2 messages that no consumer group has read'
    )
    await db.execute("select tide.consumer_group_create('orders', 'billing', 'latest')")
    await db.execute("select tide.outbox_publish('orders', '{}')")
    await db.execute(SET_OUTBOX)
    refused = await refusal(db, "select tide.outbox_drop('orders')")
    assert refused == (
        "2BP01",
        (
            'outbox "orders" is in use: pipeline "p", 1 undelivered message of consumer group'
            ' "billing", 3 undelivered messages of consumer group "p"'
        ),
        "To drop them all run \"SELECT tide.outbox_drop('orders', force => true)\".",
    )


async def test_drop_needs_no_force_once_all_is_delivered(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.outbox_publish('orders', '{}')")
    await db.execute("select tide.consumer_group_create('orders', 'billing', 'latest')")
    await db.execute("select tide.outbox_drop('orders')")
    assert await db.fetchval("select count(*) from tide.outbox") == 0


async def test_drop_waits_for_no_open_transaction(connect: Connect) -> None:
    publisher, dropper = await connect(), await connect()
    await dropper.execute("select tide.outbox_create('orders')")
    await publisher.execute("set application_name = 'shop'")
    async with publisher.transaction():
        await publisher.execute("select tide.outbox_publish('orders', '{}')")
        with pytest.raises(asyncpg.LockNotAvailableError) as caught:
            await dropper.execute("select tide.outbox_drop('orders', force => true)")
        pid = publisher.get_server_pid()
    assert caught.value.message == 'outbox "orders" is being written or read'
    assert caught.value.detail == f"In use by session {pid} (shop)."
    assert caught.value.hint == (
        "Stop publishing to it with tide.outbox_disable(), end transactions that did,"
        " and try again."
    )


async def test_drop_if_exists_of_nothing_is_no_error(db: Connection) -> None:
    await db.execute("select tide.outbox_drop('orders', if_exists => true)")


async def test_rows_are_stamped_inside_a_savepoint_and_an_exception_block(db: Connection) -> None:
    steps = """
      perform tide.outbox_create('orders');
      perform tide.outbox_alter('orders', 12);
      perform tide.outbox_disable('orders');
      perform tide.outbox_enable('orders');
      perform tide.consumer_group_create('orders', 'billing', 'latest');
      perform tide.consumer_group_seek('orders', 'billing', 'earliest');
      perform tide.relay_set_outbox('p', 'orders', '{"brokers": "localhost:9092", "topic": "t"}');
    """
    await db.execute(f"do $$ begin {steps} exception when division_by_zero then null; end $$")
    assert await db.fetch(UNSTAMPED) == []
    assert await db.fetchval("select count(*) from tide.position") == 2

    async with db.transaction():
        await db.fetchval("select pg_current_xact_id()::text")
        async with db.transaction():  # a savepoint
            await db.execute(
                f"do $$ begin {steps.replace('orders', 'returns')} end $$".replace("'p'", "'q'")
            )
    assert await db.fetch(UNSTAMPED) == []


@pytest.mark.parametrize(
    "call",
    [
        "select tide.outbox_alter('orders', 12)",
        "select tide.outbox_enable('orders')",
        "select tide.outbox_disable('orders')",
        "select tide.outbox_drop('orders')",
        "select tide.consumer_group_create('orders', 'audit')",
        "select tide.consumer_group_seek('orders', 'billing', 'latest')",
        SET_OUTBOX,
    ],
)
async def test_refuses_to_write_what_came_from_another_cluster(db: Connection, call: str) -> None:
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.consumer_group_create('orders', 'billing')")
    await db.execute("update tide.outbox set writer_xmin = '12345'")
    refused = await refusal(db, call)
    assert refused.sqlstate == "TD002"
    assert refused.message.startswith('outbox "orders" was restored into another cluster: ')
    assert refused.hint is not None
    assert "SELECT tide.outbox_rebase('orders')" in refused.hint
    await db.execute("select tide.outbox_drop('orders', force => true)")


async def test_a_foreign_position_is_not_moved(db: Connection) -> None:
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.consumer_group_create('orders', 'billing')")
    await db.execute("update tide.position set writer_xmin = '12345'")
    refused = await refusal(db, "select tide.consumer_group_seek('orders', 'billing', 'latest')")
    assert refused.sqlstate == "TD002"
    assert await db.fetchval("select seek_request from tide.position") is None
