"""What the relay writes as avro, protobuf and json_schema is read by who has its schema.

From the registry Confluent's own deserializers have it; without one it stands in the records.
"""

import asyncio
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from avro.datafile import DataFileReader
from avro.io import DatumReader

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.certificates import Certificates
from tests.fixtures.operator import Operator
from tests.fixtures.readers.confluent import ConfluentReader, described_class, message_class
from tests.fixtures.registry_front import RegistryFront
from tests.fixtures.schema_registry import SchemaRegistry
from tests.fixtures.source_table import LONG, exact_json, relay_all, shown
from tests.fixtures.topics import read_all

LOGIN = ("registry-user", "registry-password-4f1b")
FORMATS = ("avro", "protobuf", "json_schema")
ORDER = f"""{{
  "id": 9007199254740993, "name": "Zoë 📦 \\\\ \\"", "amount": {LONG},
  "at": "2026-01-02T02:04:05.678901+01:00", "day": "2025-12-24",
  "raw": "AP8Q", "active": true, "ratio": 0.1, "tags": ["a", "", "日本"],
  "nested": {{"deep": {{"n": -1}}}}, "note": null
}}"""  # fmt: skip
AVRO = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "name", "type": "string"},
        {
            "name": "amount",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 63, "scale": 3},
        },
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "raw", "type": "bytes"},
        {"name": "active", "type": "boolean"},
        {"name": "ratio", "type": "double"},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "nested", "type": {"type": "record", "name": "Nested", "fields": [
            {"name": "deep", "type": {"type": "map", "values": "int"}},
        ]}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}  # fmt: skip
PROTO = """
syntax = "proto3";
package shop;
message Order {
  int64 id = 1;
  string name = 2;
  string at = 3;
  bytes raw = 4;
  bool active = 5;
  double ratio = 6;
  repeated string tags = 7;
  message Nested { map<string, sint32> deep = 1; }
  Nested nested = 8;
  optional string note = 9;
}
"""
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": "https://schemas.test/order.json",
    "title": "shop.Order",
    "type": "object",
    "properties": {"id": {"type": "integer"}, "amount": {"type": "number", "maximum": 0}},
    "required": ["id", "amount"],
}
GIVEN: dict[str, dict[str, object]] = {
    "avro": {"schema": AVRO},
    "protobuf": {"schema": PROTO, "unknown_fields": "drop"},
    "json_schema": {"schema": SCHEMA},
}


def check_avro(found: Any) -> None:
    assert found == {
        "id": 9007199254740993,
        "name": 'Zoë 📦 \\ "',
        "amount": Decimal(LONG),
        "at": datetime(2026, 1, 2, 1, 4, 5, 678901, UTC),
        "day": date(2025, 12, 24),
        "raw": b"\x00\xff\x10",
        "active": True,
        "ratio": 0.1,
        "tags": ["a", "", "日本"],
        "nested": {"deep": {"n": -1}},
        "note": None,
    }


def check_protobuf(found: Any) -> None:
    assert (found.id, found.name, found.active) == (9007199254740993, 'Zoë 📦 \\ "', True)
    assert (found.at, found.raw) == ("2026-01-02T02:04:05.678901+01:00", b"\x00\xff\x10")
    assert (found.ratio, list(found.tags)) == (0.1, ["a", "", "日本"])
    assert (dict(found.nested.deep), found.HasField("note")) == ({"n": -1}, False)


def check_json(found: Any) -> None:
    assert shown(found) == shown(exact_json(ORDER))


CHECKS: dict[str, Callable[[Any], None]] = {
    "avro": check_avro,
    "protobuf": check_protobuf,
    "json_schema": check_json,
}


def readers(reader: ConfluentReader, proto: str, name: str) -> dict[str, Callable[..., Any]]:
    return {
        "avro": reader.avro(),
        "protobuf": reader.protobuf(message_class(proto, name)),
        "json_schema": reader.json_schema(),
    }


async def values(operator: Operator, topic: str) -> list[bytes | None]:
    return [one.value for one in await asyncio.to_thread(read_all, operator.brokers, topic)]


async def test_confluents_deserializers_read_what_was_published(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    schema_registry: SchemaRegistry,
    tmp_path: Path,
) -> None:
    made = Certificates(tmp_path)
    topics = {name: topic() for name in FORMATS}
    of_format = dict(zip(FORMATS, ("TopicName", "RecordName", "TopicRecordName"), strict=True))
    with RegistryFront(schema_registry.url, login=LOGIN, certificate=made.broker) as front:
        away = "https://127.0.0.1:1/apis"
        for name, to in topics.items():
            await operator.configure(
                to,
                pipeline=name,
                wire_format=name,
                wire_config=GIVEN[name],
                schema_registry={
                    "url": f"{away},{front.url}",
                    "username": LOGIN[0],
                    "password": LOGIN[1],
                    "tls_ca_cert": str(made.ca),
                    "subject_name_strategy": f"{of_format[name]}Strategy",
                },
            )
        for _ in range(3):
            await operator.run("SELECT tide.outbox_publish('orders', $1, key => 'k')", ORDER)
        await operator.publish(None, key="k", op="delete")
        await relay_all(operator, relay, topics)
        assert {one.status for one in front.passed} <= {200, 404}
        # Ids are asked for once.
        assert len([one for one in front.passed if one.method == "POST"]) == len(FORMATS)
    assert f"{topics['avro']}-value" in schema_registry.subjects()
    assert "shop.Order" in schema_registry.subjects()
    assert f"{topics['json_schema']}-shop.Order" in schema_registry.subjects()
    for name, to in topics.items():
        read = readers(ConfluentReader(schema_registry.url, to), PROTO, "shop.Order")[name]
        *found, tombstone = await values(operator, to)
        assert (len(found), tombstone) == (3, None)
        for value in found:
            CHECKS[name](read(value))


async def test_a_derived_schema_grows_with_the_messages(
    operator: Operator, relay: StartRelay, topic: TopicFactory, schema_registry: SchemaRegistry
) -> None:
    topics = {name: topic() for name in FORMATS}
    for name, to in topics.items():
        await operator.configure(
            to,
            pipeline=name,
            wire_format=name,
            schema_registry={"url": schema_registry.url},
            primary_keys="id",
            key_format="avro",
        )
    first = {"id": 1, "name": "é", "items": [{"sku": "a", "n": 2}], "ratio": 0.5}
    second = {"id": 2, "name": None, "more": {"x": True}}
    for payload in (first, second, {"id": "three"}, {"id": 4}):
        await operator.publish(payload)
    await relay_all(operator, relay, topics)
    for name, to in topics.items():
        assert schema_registry.versions(f"{to}-value") == [1, 2]
        letters = await operator.value(
            "SELECT error FROM tide.dead_letters WHERE pipeline = $1", name
        )
        assert "id" in letters, letters
        latest = schema_registry.latest(f"{to}-value")
        records = await asyncio.to_thread(read_all, operator.brokers, to)
        found = [one.value for one in records]
        read_key = ConfluentReader(schema_registry.url, to, key=True).avro()
        assert [read_key(one.key) for one in records] == [{"id": 1}, {"id": 2}, {"id": 4}]
        read = readers(
            ConfluentReader(schema_registry.url, to),
            latest["schema"] if name == "protobuf" else PROTO,
            "pg_tide.Orders" if name == "protobuf" else "shop.Order",
        )[name]
        if name == "protobuf":
            one, two, four = (read(value) for value in found)
            assert (one.id, one.name, one.ratio) == (1, "é", 0.5)
            assert [(item.sku, item.n) for item in one.items] == [("a", 2)]
            assert (two.id, two.HasField("name"), two.more.x, four.id) == (2, False, True, 4)
        else:
            rows = [without_nulls(read(value)) for value in found]
            assert rows == [first, {"id": 2, "more": {"x": True}}, {"id": 4}]


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in row.items() if value not in (None, [])}
    return {n: float(v) if isinstance(v, Decimal) else v for n, v in found.items()}


async def test_records_with_their_schema_in_them_need_no_registry(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    topics = {name: topic() for name in FORMATS}
    for name, to in topics.items():
        embedded = {**GIVEN[name], "schema_location": "embedded"}
        await operator.configure(to, pipeline=name, wire_format=name, wire_config=embedded)
    await operator.run("SELECT tide.outbox_publish('orders', $1)", ORDER)
    await relay_all(operator, relay, topics)
    found = {name: (await values(operator, to))[0] or b"" for name, to in topics.items()}
    with DataFileReader(io.BytesIO(found["avro"]), DatumReader()) as reader:
        (datum,) = reader
        check_avro(datum)
    envelope = message_class(
        'syntax = "proto3"; message Record { bytes schema = 1; string type = 2; bytes value = 3; }',
        "Record",
    ).FromString(found["protobuf"])
    check_protobuf(described_class(envelope.schema, envelope.type).FromString(envelope.value))
    document = exact_json(found["json_schema"])
    assert document.pop("$schema") == SCHEMA["$id"]
    check_json(document)
