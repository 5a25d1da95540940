"""What each role may do, and that it may do nothing else."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.fixtures.sql import Connect, Connection, refusal

# What stands here, which every command looks at first.
SEEN_BY_ALL = {"migration", "schema_applied"}
ROLES = ("tide_publisher", "tide_relay", "tide_admin", "tide_viewer")
CONFIG = '{"brokers": "localhost:9092", "topic": "order-events"}'
FUNCTIONS = (
    "select p.proname as name, p.oid::regprocedure::text as signature,"
    " has_function_privilege($1, p.oid, 'execute') as allowed from pg_proc p"
    " where p.pronamespace = 'tide'::regnamespace order by 1, 2"
)
RELATIONS = (
    "select c.relname as name, c.relkind::text as kind, c.relispartition as partition,"
    " array_remove(array[case when has_table_privilege($1, c.oid, 'select') then 'select' end,"
    "   case when has_table_privilege($1, c.oid,"
    "     'insert, update, delete, truncate, references, trigger') then 'write' end], null) as may"
    " from pg_class c where c.relnamespace = 'tide'::regnamespace"
    " and c.relkind in ('r', 'p', 'v', 'S') order by 1"
)
# Run by the views as whoever reads them.
BY_VIEWS = {
    "_dead_letter_counts",
    "_live_relays",
    "_owners",
    "_pending",
    "_reads_messages",
    "_secret_users",
    "outbox_status",
}


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a superuser's connection to a database with an outbox, a pipeline and a message."""
    await db.execute("select tide.outbox_create('orders', 0)")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    await db.execute("select tide.outbox_publish('orders', '1')")
    return db


@asynccontextmanager
async def acting_as(db: Connection, role: str) -> AsyncIterator[Connection]:
    await db.execute(f"set role {role}")
    try:
        yield db
    finally:
        await db.execute("reset role")


@asynccontextmanager
async def nobody(db: Connection) -> AsyncIterator[str]:
    """Yield the name of a role that was granted nothing, and is gone afterwards."""
    name = f"nobody_{uuid.uuid4().hex}"
    transaction = db.transaction()
    await transaction.start()
    await db.execute(f"create role {name}")
    try:
        yield name
    finally:
        await transaction.rollback()


def may_execute(role: str, function: str) -> bool:
    """Whether a role should be able to call a function, by its name."""
    if role == "tide_publisher":
        return function.startswith("outbox_publish")
    if function in BY_VIEWS:
        return True
    if role == "tide_relay":
        return function.startswith("_") or function == "outbox_sweep"
    return role == "tide_admin" and not function.startswith("_")


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_call_its_functions_and_no_other(orders: Connection, role: str) -> None:
    functions = await orders.fetch(FUNCTIONS, role)
    assert len(functions) > 50
    for function in functions:
        expected = may_execute(role, function["name"])
        assert function["allowed"] is expected, function["signature"]


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_read_its_tables_and_write_none(orders: Connection, role: str) -> None:
    for relation in await orders.fetch(RELATIONS, role):
        is_view = relation["kind"] == "v" or relation["name"] in SEEN_BY_ALL
        readable = (is_view and role != "tide_publisher") or (
            role == "tide_relay" and relation["kind"] in {"r", "p"} and not relation["partition"]
        )
        assert relation["may"] == (["select"] if readable else []), relation["name"]


async def test_nobody_else_may_do_anything(orders: Connection) -> None:
    async with nobody(orders) as role:
        assert not await orders.fetchval("select has_schema_privilege($1, 'tide', 'usage')", role)
        assert not any(row["allowed"] for row in await orders.fetch(FUNCTIONS, role))
        assert not any(row["may"] for row in await orders.fetch(RELATIONS, role))


async def test_what_a_new_outbox_brings_belongs_to_nobody_else(orders: Connection) -> None:
    await orders.execute("select tide.outbox_create('returns')")
    for role in ROLES:
        for relation in await orders.fetch(RELATIONS, role):
            if relation["partition"] or relation["kind"] == "S":
                assert relation["may"] == [], (role, relation["name"])


async def test_only_what_a_role_calls_runs_as_the_owner(db: Connection) -> None:
    """Public functions do; of the others only those that write the relay's own tables."""
    rows = await db.fetch(
        "select proname, prosecdef, proconfig from pg_proc"
        " where pronamespace = 'tide'::regnamespace"
    )
    for row in rows:
        if not row["proname"].startswith("_"):
            assert row["prosecdef"], row["proname"]
        if row["prosecdef"]:
            path = [setting for setting in row["proconfig"] if setting.startswith("search_path=")]
            assert path == ["search_path=pg_catalog, pg_temp"], row["proname"]


async def test_a_publisher_publishes_and_reads_nothing(orders: Connection) -> None:
    async with acting_as(orders, "tide_publisher") as publisher:
        await publisher.execute("select tide.outbox_publish('orders', '2', 'k', '{\"a\": \"b\"}')")
        await publisher.execute("select tide.outbox_publish_bytes('orders', '\\xff')")
        await publisher.execute(
            "select tide.outbox_publish_many('orders', array['3', '4']::jsonb[])"
        )
        for forbidden in (
            "select * from tide.message",
            "select * from tide.message_1_0",
            "insert into tide.message (outbox_id, slot, op) values (1, 0, 'insert')",
            "select * from tide.outbox_status",
            "select * from tide.outbox",
            "select setval('tide.wake_1', 5)",
            "select tide.outbox_create('mine')",
            "select tide._draw_xid()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await publisher.execute(forbidden)
    assert await orders.fetchval("select count(*) from tide.message") == 5


async def test_a_publisher_wakes_a_sleeping_relay(orders: Connection, connect: Connect) -> None:
    heard: list[str] = []
    listener = await connect()
    await listener.add_listener("tide_wake", lambda *notice: heard.append(str(notice[3])))
    await orders.execute("select setval('tide.wake_1', 1 + extract(epoch from now())::bigint + 60)")
    async with acting_as(orders, "tide_publisher") as publisher:
        await publisher.execute("select tide.outbox_publish('orders', '2')")
    await listener.execute("select 1")
    assert heard == ["1"]


async def test_a_viewer_sees_every_view_and_no_other_table(orders: Connection) -> None:
    relations = await orders.fetch(RELATIONS, "tide_viewer")
    async with acting_as(orders, "tide_viewer") as viewer:
        for relation in relations:
            query = f'select * from tide."{relation["name"]}"'  # noqa: S608 - from the catalogue
            if relation["kind"] == "v" or relation["name"] in SEEN_BY_ALL:
                await viewer.fetch(query)
            else:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await viewer.fetch(query)
        for forbidden in ("select tide.relay_get_config('p')", "select tide.relay_disable('p')"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await viewer.execute(forbidden)
        assert await viewer.fetchval("select pending from tide.relay_status") == 1


async def test_an_admin_configures_and_reads_no_message(orders: Connection) -> None:
    async with acting_as(orders, "tide_admin") as admin:
        for call in (
            "outbox_create('returns')",
            "outbox_alter('returns', 1)",
            "outbox_disable('returns')",
            "outbox_enable('returns')",
            "outbox_publish('returns', '1')",
            "consumer_group_create('returns', 'a')",
            "consumer_group_seek('returns', 'a', 'latest')",
            "consumer_group_drop('returns', 'a')",
            f"relay_set_outbox('q', 'returns', '{CONFIG}')",
            "relay_disable('q')",
            "relay_enable('q')",
            "relay_get_config('q')",
            "relay_list_configs()",
            "dead_letter_retry_all('q')",
            "dead_letter_discard_all('q')",
            "relay_delete('q', drop_consumer_group => true)",
            "outbox_status()",
            "outbox_sweep()",
            "outbox_drop('returns', force => true)",
        ):
            await admin.execute(f"select tide.{call}")
        await admin.fetch("select * from tide.relay_status")
        for table in ("message", "pipeline", "position"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await admin.execute(f"select * from tide.{table}")  # noqa: S608 - above


async def test_a_relay_relays_and_configures_nothing(orders: Connection) -> None:
    async with acting_as(orders, "tide_relay") as relay:
        relay_id = uuid.uuid4()
        await relay.execute("select tide._register_relay($1, 'relay-1', '1')", relay_id)
        (pipeline,) = await relay.fetch("select * from tide._pipelines('default')")
        assert await relay.fetchval("select tide._try_lock($1)", pipeline["group_id"])
        row = await relay.fetchrow(
            "select epoch, row_ctid::text, done::text from tide._take_over(1, $1)", relay_id
        )
        assert row is not None
        page = await relay.fetch(
            "select * from tide._open_window(1, $1, 1, $2::text::pg_snapshot, 10, 1000)",
            row["epoch"],
            row["done"],
        )
        assert [message["payload"] for message in page] == [None, b"1"]
        await relay.execute(
            "select tide._commit(1, $1, $2::text::tid, $3::text::pg_snapshot, null, 0, 1, 0)",
            row["epoch"],
            row["row_ctid"],
            page[0]["snapshot"],
        )
        await relay.execute("select tide._report_state(1, 'idle')")
        await relay.fetch("select * from tide._lag('default')")
        await relay.execute("select tide._raise_flags('{1}', 30), tide._lower_flags('{1}')")
        await relay.execute("select tide.outbox_sweep()")
        status = await relay.fetchrow("select * from tide.relay_status")
        assert status is not None
        assert (status["state"], status["owner"], status["pending"]) == ("idle", "relay-1", 0)
        await relay.execute("select tide._unlock(1)")
        await relay.execute("select tide._unregister_relay($1)", relay_id)
        for forbidden in (
            f"select tide.relay_set_outbox('q', 'orders', '{CONFIG}')",
            "select tide.relay_disable('p')",
            "select tide.outbox_drop('orders', force => true)",
            "select tide._delete_outbox(1)",
            "select tide._delete_group(1)",
            "select tide._set_outbox_enabled('orders', false)",
            "select tide._add_group(1, 'mine', 'latest')",
            "select tide._lock_ring(1)",
            "select tide._stamp_outbox(1)",
            "update tide.pipeline set enabled = false",
            "delete from tide.message",
            "select tide.dead_letter_retry_all('p')",
            "update tide.dead_letter set state = 'waiting'",
        ):
            assert (await refusal(relay, forbidden)).sqlstate == "42501", forbidden
