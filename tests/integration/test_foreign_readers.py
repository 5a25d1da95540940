"""Readers that are not ours understand what a real Debezium wrote, and others like it.

That is what makes them judges of what we write: they find every row, and say what they refuse.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from struct import pack

import pytest
from cloudevents.core.exceptions import CloudEventValidationError
from confluent_kafka.serialization import SerializationError

from tests.fixtures.brokers import TopicFactory
from tests.fixtures.debezium_golden import Golden, golden, golden_schemas, produce
from tests.fixtures.readers.cloud_events import cloud_event
from tests.fixtures.readers.confluent import ConfluentReader, message_class
from tests.fixtures.readers.connect import (
    JSON,
    JSON_WITH_SCHEMAS,
    STRING,
    KafkaConnect,
    table,
    unwrap,
)
from tests.fixtures.readers.flink import FlinkSql
from tests.fixtures.readers.java_reader import ReaderError
from tests.fixtures.schema_registry import SchemaRegistry
from tests.fixtures.topics import Consumed, read_all

SNAPSHOT = {
    "id": 1,
    "name": "from the snapshot",
    "doc": '{"a": [1, 2.50, null], "b": 1}',
    "price": "12.30",
    "raw": "AP8Q",
    "active": True,
    "ref": "00000000-0000-4000-8000-000000000001",
    "small": -3,
    "big": 9007199254740993,
    "ratio": "0.1",
    "single": "1.5",
    "tags": ["a", None, "b c"],
}
CREATED = "2026-01-02T01:04:05.678901Z"
LEFT = [1, 4, 5, 6]  # of the rows, by what tests/golden tells of them


OPS = [*"rccud", None, *"cd", None, *"cc"]
NULLS = {"id": 4, "name": "only nulls", "active": True}
COLUMNS = {
    "id": "INT NOT NULL",
    "name": "STRING",
    "doc": "STRING",
    "price": "DECIMAL(10, 2)",
    "created": "TIMESTAMP_LTZ(6)",
    "raw": "BYTES",
    "active": "BOOLEAN",
    "ref": "STRING",
    "small": "SMALLINT",
    "big": "BIGINT",
    "ratio": "DOUBLE",
    "single": "FLOAT",
    "tags": "ARRAY<STRING>",
}
Row = Mapping[str, object]
LONG = f"{10**59 + 7}.50"  # sixty digits before the point


def test_connect_reads_debezium_with_schemas(
    kafka_connect: KafkaConnect, kafka_server: str, topic: TopicFactory
) -> None:
    name = topic()
    produce(kafka_server, name, changes("json_schemas"))
    records = kafka_connect.read(name)
    assert [one.value and one.value["op"] for one in records] == OPS
    first = records[0]
    assert {**first.value["after"], **SNAPSHOT, "created": CREATED} == first.value["after"]
    assert first.value["before"] is None
    assert first.value_schema is not None
    assert first.value_schema["name"] == "json_schemas.public.item.Envelope"
    price = first.value_schema["fields"]["after"]["fields"]["price"]
    assert price["name"] == "org.apache.kafka.connect.data.Decimal"
    assert (price["type"], price["parameters"]["scale"]) == ("bytes", "2")
    assert first.key_schema is not None
    assert first.key_schema["fields"]["id"]["type"] == "int32"
    assert first.headers["__debezium.context.connectorName"] == "postgresql"
    left = table(kafka_connect.read(name, JSON_WITH_SCHEMAS, unwrap()))
    assert sorted(left) == LEFT
    assert left[1] == first.value["after"]


def test_connect_reads_json_and_text_without_schemas(
    kafka_connect: KafkaConnect, kafka_server: str, topic: TopicFactory
) -> None:
    plain, outbox = topic(), topic()
    produce(kafka_server, plain, changes("json_plain"))
    records = kafka_connect.read(plain, JSON)
    assert [one.value and one.value["op"] for one in records] == OPS
    assert (records[0].key, records[0].key_schema) == ({"id": 1}, None)
    assert records[0].value["after"]["price"] == "BM4="
    produce(kafka_server, outbox, golden("outbox_string"))
    first, *_, last = kafka_connect.read(outbox, STRING)
    assert (first.key, json.loads(first.value)["s"]) == ("o-1", "é")
    assert (first.headers["tenant"], last.value) == ("t1", None)


def test_connect_says_what_it_cannot_read(
    kafka_connect: KafkaConnect, kafka_server: str, topic: TopicFactory
) -> None:
    name = topic()
    produce(kafka_server, name, [Golden("", b'{"id":1}', b'{"id":1}', [])])
    with pytest.raises(ReaderError, match='"schema" and "payload" fields'):
        kafka_connect.read(name, JSON_WITH_SCHEMAS)


def test_flink_reads_debezium_json(
    flink_sql: FlinkSql, kafka_server: str, topic: TopicFactory
) -> None:
    plain, full = topic(), topic()
    produce(kafka_server, plain, changes("json_plain_strings"))
    found = flink_sql.read(plain, COLUMNS, "debezium-json", timestamp_format__standard="ISO-8601")
    assert found.columns["price"] == "DECIMAL(10, 2)"
    left = {row["id"]: row for row in found.rows}
    assert sorted(left) == LEFT
    assert left[1] == {**SNAPSHOT, "created": CREATED}
    assert left[4] == {**dict.fromkeys(COLUMNS), **NULLS, "created": "2026-06-30T00:00:00.500Z"}
    produce(kafka_server, full, changes("json_schemas"))
    some = {name: COLUMNS[name] for name in ("id", "name", "big")}
    found = flink_sql.read(full, some, "debezium-json", schema_include="true")
    assert [row["id"] for row in found.rows] == LEFT
    assert found.rows[0] == {name: SNAPSHOT[name] for name in some}


def test_flink_reads_debezium_avro(
    flink_sql: FlinkSql, schema_registry: SchemaRegistry, kafka_server: str, topic: TopicFactory
) -> None:
    name = topic()
    produce(kafka_server, name, registered(schema_registry, name))
    some = {**COLUMNS, "price": "DECIMAL(10, 2)", "created": "STRING"}
    found = flink_sql.read(name, some, "debezium-avro-confluent", url=schema_registry.url)
    left = {row["id"]: row for row in found.rows}
    assert sorted(left) == LEFT
    assert left[1] == {**SNAPSHOT, "created": CREATED}


def test_flink_reads_maxwell_json(
    flink_sql: FlinkSql, kafka_server: str, topic: TopicFactory
) -> None:
    name = topic()
    first = {"id": 1, "name": "Zoë 📦", "amount": LONG, "at": "2026-01-02 03:04:05.678901"}
    second = {"id": 2, "name": None, "amount": None, "at": None}
    produce(
        kafka_server,
        name,
        [
            maxwell("insert", first),
            maxwell("insert", second),
            maxwell("update", {**first, "name": "renamed"}, {"name": first["name"]}),
            maxwell("insert", {**second, "id": 3}),
            maxwell("delete", {**second, "id": 3}),
        ],
    )
    kinds = {"id": "INT NOT NULL", "name": "STRING", "amount": "STRING", "at": "TIMESTAMP(6)"}
    found = flink_sql.read(name, kinds, "maxwell-json")
    at = "2026-01-02T03:04:05.678901"
    assert found.rows == [second, {**first, "name": "renamed", "at": at}]


def test_flink_refuses_an_update_without_the_old_row(
    flink_sql: FlinkSql, kafka_server: str, topic: TopicFactory
) -> None:
    name = topic()
    value = {"before": None, "after": {"id": 1}, "op": "u"}
    produce(kafka_server, name, [Golden("", None, json.dumps(value).encode(), [])])
    with pytest.raises(ReaderError, match="REPLICA IDENTITY"):
        flink_sql.read(name, {"id": "INT NOT NULL"}, "debezium-json")


def test_confluent_reads_debezium_avro(
    schema_registry: SchemaRegistry, kafka_server: str, topic: TopicFactory
) -> None:
    name = topic()
    produce(kafka_server, name, registered(schema_registry, name))
    read_key = ConfluentReader(schema_registry.url, name, key=True).avro()
    read = ConfluentReader(schema_registry.url, name).avro()
    found = [(read_key(one.key), read(one.value)) for one in read_all(kafka_server, name)]
    assert [value and value["op"] for _, value in found] == OPS
    key, first = found[0]
    assert (key, first["after"]["price"]) == ({"id": 1}, Decimal("12.30"))
    assert first["after"]["name"] == SNAPSHOT["name"]


def test_confluent_reads_json_schema_and_protobuf(schema_registry: SchemaRegistry) -> None:
    reader = ConfluentReader(schema_registry.url, "kinds")
    draft = "http://json-schema.org/draft-07/schema#"
    schema = {"$schema": draft, "type": "object", "properties": {"id": {"type": "integer"}}}
    number = schema_registry.register("kinds-value", json.dumps(schema), "JSON")
    content = f'{{"id": {10**59}, "x": 0.10}}'.encode()
    assert reader.json_schema()(framed(number, content)) == {"id": 10**59, "x": Decimal("0.10")}
    with pytest.raises(SerializationError, match="is not of type"):
        reader.json_schema()(framed(number, b'{"id": "1"}'))
    proto = 'syntax = "proto3"; package shop; message Order { int64 id = 1; string name = 2; }'
    number = schema_registry.register("kinds-proto", proto, "PROTOBUF")
    made = message_class(proto, "shop.Order")
    found = reader.protobuf(made)(framed(number, b"\0" + bytes.fromhex("080712025a6f")))
    assert (found.id, found.name) == (7, "Zo")


def test_the_sdk_reads_cloud_events_and_refuses_what_is_none() -> None:
    attributes = {
        "specversion": "1.0",
        "id": "orders:1",
        "source": "/pg_tide/orders",
        "type": "pg_tide.orders.insert",
        "time": "2026-01-02T03:04:05.678901Z",
    }
    text = json.dumps({**attributes, "data": {"id": 1}}).encode()
    structured = event_record(text, {"content-type": "application/cloudevents+json"})
    headers = {"content-type": "application/json"}
    headers |= {f"ce_{name}": value for name, value in attributes.items()}
    for record in (structured, event_record(b'{"id": 1}', headers)):
        event = cloud_event(record)
        assert (event.data, event.attributes["id"]) == ({"id": 1}, "orders:1")
        assert event.time == datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    for missing in ("ce_id", "ce_time", "ce_source", "ce_type"):
        some = {name: value for name, value in headers.items() if name != missing}
        with pytest.raises((AssertionError, CloudEventValidationError)):
            cloud_event(event_record(b"{}", some))


def changes(name: str) -> list[Golden]:
    """Every change of a row in a golden file, without the truncate at its end."""
    return [one for one in golden(name, "item") if one.key is not None]


def registered(registry: SchemaRegistry, topic: str) -> list[Golden]:
    """The golden Avro records with the ids of their schemas in this registry."""
    schemas, ids = golden_schemas(), dict[int, int]()

    def own(part: str, content: bytes | None) -> bytes | None:
        if content is None:
            return None
        number = int.from_bytes(content[1:5])
        if number not in ids:
            ids[number] = registry.register(f"{topic}-{part}", json.dumps(schemas[number]))
        return framed(ids[number], content[5:])

    return [
        one._replace(key=own("key", one.key), value=own("value", one.value))
        for one in golden("avro", "item")
    ]


def framed(number: int, content: bytes) -> bytes:
    return pack(">bI", 0, number) + content


def maxwell(kind: str, data: Row, old: Row | None = None) -> Golden:
    value: Row = {"database": "shop", "table": "item", "type": kind, "ts": 1767323045, "data": data}
    if old is not None:
        value = {**value, "old": old}
    return Golden("", None, json.dumps(value).encode(), [])


def event_record(value: bytes, headers: dict[str, str]) -> Consumed:
    made = tuple((name, text.encode()) for name, text in headers.items())
    return Consumed("", 0, 0, None, value, made, 0)
