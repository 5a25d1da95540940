"""What a publish writes and reads, counted: it costs what an INSERT does, plus a fixed little."""

import json
from collections import Counter

import asyncpg
import pytest

from tests.fixtures.sql import Connect, Connection

MESSAGES = 200
PUBLISH = "select tide.outbox_publish('orders', '{\"a\": 1}', 'k')"
MANY = "select tide.outbox_publish_many('orders', array_fill('1'::jsonb, array[100]))"
INSERT = (
    "insert into flat (outbox_id, slot, op, key, dedup_key, payload)"
    " values (1, 0, 'insert', 'k', 'k', '{\"a\": 1}') returning id"
)
LOOK_UP = "prepare look_up (text) as select o.id from tide.outbox o where o.name = $1 and o.enabled"
FOREIGN_PATH = """
  create schema hostile;
  create function hostile.jsonb_typeof(jsonb) returns text language sql as $$ select 'object' $$;
  create function hostile.jsonb_path_exists(jsonb, jsonpath, jsonb default null) returns boolean
    language sql as $$ select false $$;
  create function hostile.pg_sequence_last_value(regclass) returns int8 language sql
    as $$ select 9e18::int8 $$;
  create function hostile.equal(text, text) returns boolean language sql as $$ select false $$;
  create operator hostile.= (leftarg = text, rightarg = text, function = hostile.equal);
  create temp table outbox (id int, name text);
  set search_path = hostile, pg_temp, pg_catalog;
"""


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a database with an outbox, and a flat table like its own."""
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("create table flat (like tide.message including all)")
    return db


async def counted(db: Connection, statement: str) -> Counter[str]:
    """What a statement wrote to the WAL and which buffers it touched, run so many times."""
    total = Counter[str]()
    for _ in range(MESSAGES):
        [(text,)] = await db.fetch(f"explain (analyze, buffers, wal, format json) {statement}")
        [told] = json.loads(text)
        plan = told["Plan"]
        total["records"] += plan["WAL Records"]
        total["buffers"] += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return total


async def test_a_publish_writes_what_an_insert_writes(orders: Connection) -> None:
    """And reads one table more: the row of its outbox; and one sequence: the wake flag."""
    for warm_up in (PUBLISH, INSERT):
        await orders.fetch(warm_up)
    published, inserted = await counted(orders, PUBLISH), await counted(orders, INSERT)
    assert inserted["records"] > 3 * MESSAGES
    assert abs(published["records"] - inserted["records"]) < 0.05 * MESSAGES
    assert inserted["buffers"] < published["buffers"] < inserted["buffers"] + 3 * MESSAGES


async def test_it_returns_the_id_of_its_own_message(orders: Connection, connect: Connect) -> None:
    other = await connect()
    for key in ("a", "b", "c"):
        published = await orders.fetchval("select tide.outbox_publish('orders', '1', $1)", key)
        await other.execute(MANY)
        stored = "select id from tide.message where dedup_key = $1"
        assert await orders.fetchval(stored, key) == published


async def test_bytes_are_published_as_they_are(orders: Connection) -> None:
    await orders.execute("listen tide_wake")
    await orders.execute("select setval('tide.wake_1', 4000000000)")
    heard: list[object] = []
    await orders.add_listener("tide_wake", lambda *notice: heard.append(notice))
    call = "select tide.outbox_publish_bytes('orders', $1, 'd', '{\"a\": \"b\"}', 'update', 'k')"
    stored = (
        "select id, op, key, dedup_key, headers, payload, payload_bytes from tide.message"
        " order by id"
    )
    for payload in (b"\x00\xff", b"", None):
        published = await orders.fetchval(call, payload)
        row = (await orders.fetch(stored))[-1]
        assert tuple(row) == (published, "update", "k", "d", '{"a": "b"}', None, payload)
    await orders.execute("select tide.outbox_publish_bytes('orders', 'a', 'd')")
    assert (await orders.fetch(stored))[-1]["key"] == "d"
    assert len(heard) == 4


async def test_few_outboxes_are_read_as_a_whole_and_many_by_name(orders: Connection) -> None:
    """An index costs each publish more than a page does; a thousand rows would cost more."""

    async def plan() -> str:
        return "".join(row[0] for row in await orders.fetch("explain execute look_up('orders')"))

    await orders.execute("set plan_cache_mode = force_generic_plan")
    await orders.execute(LOOK_UP)
    assert "Seq Scan" in await plan()
    await orders.execute(
        "insert into tide.outbox (name) select n::text from generate_series(1, 2000) n"
    )
    await orders.execute("select tide.outbox_create('returns')")
    assert "Index Scan" in await plan()


async def test_a_hostile_search_path_changes_nothing(orders: Connection) -> None:
    await orders.execute(FOREIGN_PATH)
    with pytest.raises(asyncpg.InvalidParameterValueError, match="must be a string, not number"):
        await orders.execute("""select tide.outbox_publish('orders', '1', headers => '{"a": 1}')""")
    with pytest.raises(asyncpg.InvalidParameterValueError, match="op must be a word"):
        await orders.execute("select tide.outbox_publish('orders', '1', op => '')")
    await orders.execute("listen tide_wake")
    heard: list[object] = []
    await orders.add_listener("tide_wake", lambda *notice: heard.append(notice))
    await orders.execute(PUBLISH)
    assert heard == []
