"""`debezium` against records that Debezium wrote: the same bytes from equivalent rows.

But for what an outbox does not know: `told` has every difference, and why.
"""

import json
import re
from typing import Any

import pytest

from pg_tide import __version__
from pg_tide.encode import encoder
from pg_tide.message import Message, Record, Route
from tests.fixtures.debezium_golden import GOLDEN, RUN_ID, golden
from tests.fixtures.messages import a_config, a_message

ROWS: dict[str, str] = json.loads((GOLDEN / "rows.json").read_text("utf-8"))
ROWS["2b"] = re.sub('"name": ".*?", "tags', '"name": "renamed", "tags', ROWS["2"]).replace(
    "-0.05", "99.99"
)
ROWS["4"] = ROWS["3"].replace('"id": 3', '"id": 4')
LONG = "x" * 2500
ITEM = [
    *("id int not null", "name text not null", "doc jsonb", "price numeric(10,2)"),
    *("amount numeric", "created timestamptz not null default '1970-01-01T00:00:00Z'"),
    *("raw bytea", "active bool default true", "ref uuid", "small smallint", "big bigint"),
    *("ratio double precision", "single real", "day date", "clock time", "at timestamp"),
    "tags text[]",
]
ITEM_DEFAULT = ["tenant int not null", "id int not null", "name text", "long_text text"]
UNAVAILABLE = "__debezium_unavailable_value"


def told(value: bytes | None) -> bytes | None:
    """Return what we write where Debezium wrote this."""
    if value is None:
        return None
    known: list[tuple[bytes, bytes]] = [
        (rb'"version":"3\.7\.0\.Final"', b'"version":"%b"' % __version__.encode()),
        # Of the write-ahead log; a relay of an outbox never reads it.
        (rb'"sequence":"(?:[^"\\]|\\.)*"', b'"sequence":null'),
        (rb'"(txId|lsn)":[0-9]+', rb'"\1":null'),
        # Which message is the last of a snapshot is not known when it is sent.
        (rb'"snapshot":"last"', b'"snapshot":"true"'),
        # The metadata of transactions is of their place in the write-ahead log.
        (rb'"transaction":\{[^}]*\}', b'"transaction":null'),
        # Our clock has microseconds.
        (rb'("ts_ns":[0-9]{16})[0-9]{3}', rb"\g<1>000"),
    ]
    for pattern, instead in known:
        value = re.sub(pattern, instead, value)
    return value


def changes(table: str) -> list[Message]:
    """Return messages that publish the changes that Debezium saw on a table."""
    both = '{{"before": {}, "after": {}}}'.format
    before, after = (
        '{"id": 1, "tenant": 1}',
        f'{{"id": 2, "name": "b", "tenant": 1, "long_text": "{UNAVAILABLE}"}}',
    )
    published: dict[str, list[tuple[str, str | None]]] = {
        "item": [
            ("snapshot", ROWS["1"]),
            ("insert", ROWS["2"]),
            ("insert", ROWS["3"]),
            ("update", both(ROWS["2"], ROWS["2b"])),
            ("update", both(ROWS["3"], ROWS["4"])),
            ("delete", ROWS["2b"]),
            ("insert", ROWS["5"]),
            ("insert", ROWS["6"]),
            ("truncate", None),
        ],
        "item_default": [
            ("insert", f'{{"id": 1, "name": "a", "tenant": 1, "long_text": "{LONG}"}}'),
            ("update", after.replace('"id": 2', '"id": 1')),
            ("update", both(before, after)),
            ("delete", '{"id": 2, "tenant": 1}'),
        ],
    }
    return [
        a_message(op=op, payload=row and row.encode(), source=f"public.{table}")
        for op, row in published[table]
    ]


def written(file: str, table: str, **options: Any) -> list[Record]:
    """Return our records of those changes, at the times of the golden ones."""
    columns, keys = (ITEM, "id") if table == "item" else (ITEM_DEFAULT, "tenant,id")
    wire_config = {
        "server_name": file,
        "database": "postgres",
        "columns": columns,
        "primary_keys": keys,
        "update_without_before": "null_before",
    }
    config = a_config(wire_format="debezium", wire_config={**wire_config, **options})
    values = [of.value for of in golden(file, table) if of.value]
    clock = (times(value)[1] / 1e6 + 1e-7 for value in values)
    encode = encoder(config, lambda: next(clock))
    records: list[Record] = []
    for message in changes(table):
        if len(values) <= (done := sum(record.value is not None for record in records)):
            break
        message.published_at_us = times(values[done])[0]
        records += encode(message, Route(file, None, []))
    return records


def times(value: bytes) -> tuple[int, int]:
    """Return when the change was committed, and handled."""
    event = json.loads(value)
    event = event.get("payload", event)
    return event["source"]["ts_us"], event["ts_us"]


@pytest.mark.parametrize("table", ["item", "item_default"])
@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("json_plain", {}),
        ("json_schemas", {"schemas": True}),
        ("json_plain_strings", {"decimal_handling": "string", "time_precision": "connect"}),
        ("json_plain_all_operations", {}),
    ],
)
def test_records_are_those_of_debezium(file: str, options: dict[str, Any], table: str) -> None:
    expected = golden(file, table)
    records = written(file, table, **options)
    assert len(records) == len(expected)
    for ours, theirs in zip(records, expected, strict=True):
        assert ours.key == theirs.key
        assert ours.value == told(theirs.value)
        assert [name for name, _ in ours.headers] == [name for name, _ in theirs.headers]
        ours_told, theirs_told = dict(ours.headers), dict(theirs.headers)
        assert len(ours_told.pop(RUN_ID) or b"") == len(theirs_told.pop(RUN_ID) or b"")
        assert ours_told == theirs_told
