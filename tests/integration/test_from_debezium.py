"""The triggers of the how-to publish what Debezium's formats make the promised records of."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import orjson

from pg_tide.encode import encoder
from pg_tide.message import Message, Route
from tests.fixtures.messages import a_config
from tests.fixtures.sql import Connection

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "from-debezium.md"
SQL = re.compile(r"^ *```sql\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
BLOCKS = [dedent(text) for text in SQL.findall(PAGE.read_text("utf-8"))]
TABLES = """
  create table orders (order_id bigint primary key, total numeric(10,2));
  create table outbox (id uuid, aggregatetype text, aggregateid text, type text, payload jsonb);
  select tide.outbox_create('orders');
"""
CHANGES = """
  insert into orders values (1, 9.90);
  update orders set total = 10.00;
  update orders set order_id = 2;
  delete from orders;
  insert into outbox values
    ('00000000-0000-4000-8000-0000000000a1', 'orders', 'o-1', 'OrderPaid', '{"a": 1.50}');
  insert into orders values (3, 1);
"""
MESSAGES = """
  select id, source, op, key, dedup_key, headers, payload::text, true as is_json, before::text
    from tide.message order by id
"""


async def test_what_the_triggers_publish(db: Connection) -> None:
    by_outbox, by_rows, snapshot = BLOCKS
    for statements in (TABLES, by_outbox, by_rows, CHANGES, snapshot):
        await db.execute(statements)
    messages = [a_message(dict(row)) for row in await db.fetch(MESSAGES)]
    columns = ["order_id bigint not null", "total numeric(10,2)"]
    options = {"columns": columns, "primary_keys": "order_id", "decimal_handling": "string"}
    encode = encoder(a_config(wire_format="debezium", wire_config=options))
    routed = messages.pop(4)
    records = [record for message in messages for record in encode(message, Route("t", "k", []))]
    told = [(record.key, record.value and _change(record.value)) for record in records]
    one, two, three = (b'{"order_id":%d}' % key for key in (1, 2, 3))
    assert told == [
        (one, ("c", None, ["1", "9.90"])),
        (one, ("u", ["1", "9.90"], ["1", "10.00"])),
        (one, ("d", ["1", "10.00"], None)),
        (one, None),
        (two, ("c", None, ["2", "10.00"])),
        (two, ("d", ["2", "10.00"], None)),
        (two, None),
        (three, ("c", None, ["3", "1.00"])),
        (three, ("r", None, ["3", "1.00"])),
    ]
    (record,) = encoder(a_config(wire_format="debezium_outbox"))(routed, Route("t", "o-1", []))
    assert record.value == b'{"a": 1.50}'
    assert record.headers[-1] == ("id", b"00000000-0000-4000-8000-0000000000a1")
    assert (routed.op, routed.key) == ("OrderPaid", "o-1")


def a_message(row: dict[str, Any]) -> Message:
    """Return a message as it is polled."""
    payload = row.pop("payload")
    return Message(outbox="orders", payload=payload and payload.encode(), published_at_us=0, **row)


def _change(value: bytes) -> tuple[Any, ...]:
    event = orjson.loads(value)
    rows = (
        event[name] and [str(part) for part in event[name].values()] for name in ("before", "after")
    )
    return event["op"], *rows
