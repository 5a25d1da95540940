"""`debezium` with `envelope` avro against the Avro that Debezium wrote, from equivalent rows."""

import io
import json
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest

from pg_tide import __version__
from pg_tide.encode import encoder
from pg_tide.encode.avro.connect import without_logic
from pg_tide.message import Record, Route
from tests.fixtures.debezium_golden import golden, golden_schemas
from tests.fixtures.memory_registry import Encoding, all_records
from tests.fixtures.messages import a_config
from tests.unit.test_encode_debezium_golden import ITEM, ITEM_DEFAULT, changes

SCHEMAS = golden_schemas()


def read(raw: bytes | None, schema: Any) -> Any:
    if raw is None:
        return None
    parsed = fastavro.parse_schema(without_logic(schema))
    return fastavro.schemaless_reader(io.BytesIO(raw[5:]), parsed, None)


def golden_avro(table: str) -> list[tuple[Any, Any, bytes]]:
    """Keys and values that Debezium wrote, read; and keys without the id of their schema."""
    return [
        (read_own(one.key), read_own(one.value), (one.key or b"")[5:])
        for one in golden("avro", table)
    ]


def read_own(raw: bytes | None) -> Any:
    return raw and read(raw, SCHEMAS[int.from_bytes(raw[1:5], "big")])


def told(event: Any) -> Any:
    """What we write where Debezium wrote this; test_encode_debezium_golden says why."""
    if event is None:
        return None
    source = event["source"]
    unknown = dict.fromkeys(("sequence", "txId", "lsn"))
    snapshot = "true" if source["snapshot"] == "last" else source["snapshot"]
    ours = {"version": __version__, "snapshot": snapshot, "ts_ns": source["ts_us"] * 1000}
    return {**event, "source": {**source, **ours, **unknown}, "ts_ns": event["ts_us"] * 1000}


@pytest.mark.parametrize("table", ["item", "item_default"])
def test_records_are_those_of_debezium(table: str) -> None:
    topic = f"avro.public.{table}"
    expected = golden_avro(table)
    events = [value for _, value, _ in expected if value is not None]
    wire_config = {
        "server_name": "avro",
        "database": "postgres",
        "columns": ITEM if table == "item" else ITEM_DEFAULT,
        "primary_keys": "id" if table == "item" else "tenant,id",
        "update_without_before": "null_before",
        "envelope": "avro",
    }
    config = a_config(
        wire_format="debezium",
        wire_config=wire_config,
        schema_registry={"url": "http://registry:8081"},
    )
    now = [0.0]
    made = Encoding(lambda schemas: encoder(config, lambda: now[0], schemas))
    records = list(written(made, table, topic, events, now))
    assert len(records) == len(expected)
    schemas = {one.id: one.text for found in made.registry.subjects.values() for one in found}
    assert set(map(str, made.registry.subjects)) == {f"{topic}-key", f"{topic}-value"}
    numbers = {"item": (7, 8), "item_default": (9, 10)}[table]
    assert sorted(map(json.loads, schemas.values()), key=str) == sorted(
        (SCHEMAS[number] for number in numbers), key=str
    )
    for ours, (key, value, raw_key) in zip(records, expected, strict=True):
        assert (ours.key or b"")[5:] == raw_key
        assert read(ours.key, SCHEMAS[numbers[0]]) == key
        ours_value = read(ours.value, SCHEMAS[numbers[1]])
        assert repr(without_handled(ours_value)) == repr(without_handled(told(value)))


def without_handled(event: Any) -> Any:
    """But for when it was handled: a change of the key is one message to us."""
    if event is None:
        return None
    return {name: part for name, part in event.items() if not name.startswith("ts_")}


def written(
    made: Encoding, table: str, topic: str, events: list[Any], now: list[float]
) -> Iterator[Record]:
    """Our records of the same changes, at their times."""
    done = 0
    for message in changes(table):
        if done >= len(events):
            return
        message.published_at_us = events[done]["source"]["ts_us"]
        now[0] = events[done]["ts_us"] / 1e6
        records = all_records(made, message, Route(topic, None, []))
        done += sum(record.value is not None for record in records)
        yield from records
