"""A transaction has its id before it draws one for its message."""

import asyncio
import re

import pytest

from tests.fixtures.sql import Connection
from tests.integration.rules.stage import (
    PASS_GATE,
    SQL,
    Gate,
    Stage,
    drain,
    until_blocked,
)

COLUMNS = (
    "select a.attname, coalesce(pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, '')::text)"
    " from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
    " where a.attrelid = 'tide.message'::regclass and a.attnum in (1, 2) order by a.attnum"
)
MANY = "select tide.outbox_publish_many('orders', array['1', '2']::jsonb[])"
ONE = "select tide.outbox_publish('orders', '1')"
DRAWS_ITS_ID_FIRST = {
    "  insert into tide.message (": (
        "  perform nextval('tide.message_id_seq');\n  insert into tide.message (id, xid, "
    ),
    "    values (target, ": (
        "    overriding system value values (currval('tide.message_id_seq'), pg_current_xact_id(),"
        " target, "
    ),
}
HOLD_UP_INSERTS = f"""
    create function hold_up() returns trigger language plpgsql
      as $$ begin {PASS_GATE} return new; end $$;
    create trigger hold_up before insert on tide.message for each row execute function hold_up();
"""


async def has_xid_while_it_waits_for_an_id(stage: Stage, publish: str) -> bool:
    """Hold a publisher up where it draws an id; whether it has its transaction's id by then."""
    publisher, holder = await stage.connect(), await stage.connect()
    pid = publisher.get_server_pid()
    async with holder.transaction():
        await holder.execute("alter sequence tide.message_id_seq cache 1")  # locks out nextval
        publishing = asyncio.create_task(publisher.execute(publish))
        await until_blocked(stage.db, pid)
        has_xid: bool = await stage.db.fetchval(
            "select backend_xid is not null from pg_stat_activity where pid = $1", pid
        )
    await publishing
    return has_xid


async def passed_by_a_floor(stage: Stage, gate: Gate) -> tuple[int, int]:
    """Publish with the publisher held up half way; the id, and the floor drawn meanwhile.

    A floor is the last id drawn, once every transaction is over that has an xid below one drawn
    later: no id up to it can appear any more.
    """
    reader, publisher = await stage.reader(), await stage.connect()
    await gate.close()
    publishing = asyncio.create_task(stage.publish(by=publisher))
    await gate.reached()
    floor: int = await stage.db.fetchval("select last_value from tide.message_id_seq")
    xid = int(await stage.db.fetchval("select tide._draw_xid()::text"))
    await drain(reader)
    is_safe = reader.snapshot_xmin > xid
    await gate.open()
    message_id = await publishing
    assert await drain(reader) == [message_id]
    return message_id, floor if is_safe else 0


async def test_an_id_drawn_before_the_xid_would_be_passed(stage: Stage, gate: Gate) -> None:
    """A publisher with an id but no xid is in nobody's snapshot.

    A reader that goes on from the highest id then drawn, when all transactions it saw are over,
    has passed a message that is still to come.
    """
    await stage.db.execute(HOLD_UP_INSERTS)
    message_id, floor = await passed_by_a_floor(stage, gate)
    assert floor < message_id
    await stage.db.execute("drop function hold_up cascade")
    held_up = dict(DRAWS_ITS_ID_FIRST)
    held_up["  insert into tide.message ("] = held_up["  insert into tide.message ("].replace(
        ";", f"; {PASS_GATE}", 1
    )
    await stage.simplify("outbox_publish", held_up)
    message_id, floor = await passed_by_a_floor(stage, gate)
    assert floor >= message_id


@pytest.mark.parametrize("publish", [ONE, MANY])
async def test_the_xid_is_assigned_before_the_id_is_drawn(stage: Stage, publish: str) -> None:
    """An INSERT that names `id` takes it from a statement before, or from a subquery.

    Either is evaluated before the default of `xid`.
    """
    assert await has_xid_while_it_waits_for_an_id(stage, publish)
    await stage.simplify("outbox_publish", DRAWS_ITS_ID_FIRST)
    assert not await has_xid_while_it_waits_for_an_id(stage, ONE)


async def test_xid_stands_before_id_and_both_have_their_defaults(db: Connection) -> None:
    assert [tuple(row) for row in await db.fetch(COLUMNS)] == [
        ("xid", "pg_current_xact_id()"),
        ("id", "a"),
    ]


def test_no_insert_names_xid_or_id() -> None:
    inserts = [
        insert
        for path in sorted(SQL.glob("functions/*.sql"))
        for insert in re.findall(r"insert into tide\.message\b\s*\(([^)]*)\)", path.read_text())
    ]
    assert inserts
    for columns in inserts:
        assert not {"xid", "id"} & set(re.findall(r"\w+", columns)), columns
