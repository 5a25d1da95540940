"""What the relay writes as debezium, consumers of Debezium read as the table it was published from.

Kafka Connect has the types that Debezium gave each column, Flink the table after every change.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.readers.confluent import ConfluentReader
from tests.fixtures.readers.connect import JSON_WITH_SCHEMAS, KafkaConnect, table, unwrap
from tests.fixtures.readers.flink import FlinkSql
from tests.fixtures.schema_registry import SchemaRegistry
from tests.fixtures.source_table import (
    COLUMNS,
    Convert,
    change_a_table,
    exact_json,
    of_base64,
    of_day_micros,
    of_days,
    of_micros,
    relay_all,
    same,
)
from tests.fixtures.topics import read_all

DECLARED = [f"{name} {kind}" for name, kind in COLUMNS.items()]
ROWS = {"primary_keys": ["id"], "columns": DECLARED, "table": "public.item", "server_name": "shop"}
TYPES = {
    "id": ("int32", None),
    "name": ("string", None),
    "doc": ("string", "io.debezium.data.Json"),
    "price": ("bytes", "org.apache.kafka.connect.data.Decimal"),
    "amount": ("struct", "io.debezium.data.VariableScaleDecimal"),
    "created": ("string", "io.debezium.time.ZonedTimestamp"),
    "at": ("int64", "io.debezium.time.MicroTimestamp"),
    "day": ("int32", "io.debezium.time.Date"),
    "clock": ("int64", "io.debezium.time.MicroTime"),
    "raw": ("bytes", None),
    "active": ("boolean", None),
    "ref": ("string", "io.debezium.data.Uuid"),
    "small": ("int16", None),
    "big": ("int64", None),
    "ratio": ("float64", None),  # the schema says double, and Connect calls it so
    "tags": ("array", None),
}
FLINK = {
    "id": "INT NOT NULL",
    "name": "STRING",
    "doc": "STRING",
    "price": "DECIMAL(10, 2)",
    "amount": "STRING",  # of Flink's decimals the longest has 38 digits
    "created": "TIMESTAMP_LTZ(6)",
    "at": "BIGINT",
    "day": "INT",
    "clock": "BIGINT",
    "raw": "BYTES",
    "active": "BOOLEAN",
    "ref": "STRING",
    "small": "SMALLINT",
    "big": "BIGINT",
    "ratio": "DOUBLE",
    "tags": "ARRAY<STRING>",
}
AS_DEBEZIUM: dict[str, Convert] = {
    "doc": exact_json,
    "at": of_micros,
    "day": of_days,
    "clock": of_day_micros,
    "raw": of_base64,
}
CHANGES = [*"cccuuud", None, "c", "d", None, *"cc"]


def of_variable_scale(value: Mapping[str, Any]) -> Decimal:
    return of_scale_and_value((value["scale"], value["value"]))


def of_scale_and_value(pair: tuple[int, str | bytes]) -> Decimal:
    scale, content = pair
    made = content if isinstance(content, bytes) else of_base64(content)
    return Decimal(f"{int.from_bytes(made, 'big', signed=True)}e-{scale}")


async def test_connect_reads_each_column_as_debezium_wrote_it(
    operator: Operator, relay: StartRelay, topic: TopicFactory, kafka_connect: KafkaConnect
) -> None:
    name = topic()
    options = {**ROWS, "schemas": True}
    await operator.configure(name, pipeline="p", wire_format="debezium", wire_config=options)
    left = await change_a_table(operator)
    await relay_all(operator, relay, ["p"])

    records = await asyncio.to_thread(kafka_connect.read, name)
    assert [one.value and one.value["op"] for one in records] == CHANGES
    schema = records[0].value_schema
    assert schema is not None
    assert (schema["name"], schema["version"]) == ("shop.public.item.Envelope", 2)
    row = schema["fields"]["after"]["fields"]
    assert {column: (kind["type"], kind["name"]) for column, kind in row.items()} == TYPES
    assert [column for column, kind in row.items() if not kind["optional"]] == ["id", "active"]
    assert row["active"]["default"] is True
    assert row["price"]["parameters"] == {"connect.decimal.precision": "10", "scale": "2"}
    assert (records[0].key_schema or {})["name"] == "shop.public.item.Key"

    unwrapped = await asyncio.to_thread(kafka_connect.read, name, JSON_WITH_SCHEMAS, unwrap())
    rows = table(unwrapped).values()
    same(rows, left, {**AS_DEBEZIUM, "amount": of_variable_scale})


async def test_flink_ends_with_the_table(
    operator: Operator, relay: StartRelay, topic: TopicFactory, flink_sql: FlinkSql
) -> None:
    topics = {"plain": topic(), "schemas": topic(), "without_before": topic()}
    options = {**ROWS, "decimal_handling": "string"}
    for name, to in topics.items():
        # What an application publishes that knows the new row alone.
        new = {"transform__payload": "payload.after || payload.before"}
        await operator.configure(
            to,
            pipeline=name,
            wire_format="debezium",
            wire_config={**options, "schemas": name == "schemas"},
            **(new if name == "without_before" else {}),
        )
    left = await change_a_table(operator)
    await relay_all(operator, relay, topics)

    iso = {"timestamp_format__standard": "ISO-8601"}
    for name, to in topics.items():
        schemas = {"schema_include": "true"} if name == "schemas" else {}
        found = await asyncio.to_thread(
            flink_sql.read,
            to,
            FLINK,
            "debezium-json",
            upserts=name == "without_before",
            **iso,
            **schemas,
        )
        rows = found.rows
        if name == "without_before":
            assert 3 in [row["id"] for row in rows]  # nothing said that it has another key now
            rows = [row for row in rows if row["id"] != 3]
        same(rows, left, AS_DEBEZIUM)


async def test_flink_and_confluent_read_it_as_avro(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    flink_sql: FlinkSql,
    schema_registry: SchemaRegistry,
) -> None:
    name = topic()
    await operator.configure(
        name,
        pipeline="p",
        wire_format="debezium",
        wire_config={**ROWS, "envelope": "avro"},
        schema_registry={"url": schema_registry.url},
    )
    left = await change_a_table(operator)
    await relay_all(operator, relay, ["p"])
    assert schema_registry.versions(f"{name}-value") == [1]
    assert schema_registry.versions(f"{name}-key") == [1]

    columns = {**FLINK, "amount": "ROW<`scale` INT, `value` BYTES>", "created": "STRING"}
    url = schema_registry.url
    found = await asyncio.to_thread(
        flink_sql.read, name, columns, "debezium-avro-confluent", url=url
    )
    same(found.rows, left, {**AS_DEBEZIUM, "amount": of_scale_and_value})

    read = ConfluentReader(url, name).avro()
    read_key = ConfluentReader(url, name, key=True).avro()
    records = await asyncio.to_thread(read_all, operator.brokers, name)
    values = [read(one.value) for one in records]
    assert [value and value["op"] for value in values] == CHANGES
    rows = {}
    for record, value in zip(records, values, strict=True):
        rows[read_key(record.key)["id"]] = value and value["after"]
    as_avro: dict[str, Convert] = {**AS_DEBEZIUM, "raw": bytes, "amount": of_variable_scale}
    same([row for row in rows.values() if row is not None], left, as_avro)
