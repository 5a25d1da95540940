"""What the relay writes as maxwell, Flink reads as the table that it was published from."""

import asyncio
from datetime import UTC, datetime

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.readers.flink import FlinkSql
from tests.fixtures.source_table import change_a_table, exact_json, relay_all, same

COLUMNS = {
    **dict.fromkeys(("name", "doc", "amount", "at", "day", "clock", "raw", "ref"), "STRING"),
    "price": "DECIMAL(10, 2)",
    "created": "TIMESTAMP(6)",
    "active": "BOOLEAN",
    "small": "SMALLINT",
    "big": "BIGINT",
    "ratio": "DOUBLE",
    "tags": "ARRAY<STRING>",
}


async def test_flink_ends_with_the_table(
    operator: Operator, relay: StartRelay, topic: TopicFactory, flink_sql: FlinkSql
) -> None:
    topics = {name: topic() for name in ("changed", "full")}
    for name, to in topics.items():
        await operator.configure(
            to,
            pipeline=name,
            wire_format="maxwell",
            wire_config={"primary_keys": "id", "zone_id": "UTC", "old_values": name},
        )
    left = await change_a_table(operator)
    await relay_all(operator, relay, topics)
    for to in topics.values():
        columns = {"id": "INT NOT NULL", **COLUMNS}
        found = await asyncio.to_thread(flink_sql.read, to, columns, "maxwell-json")
        same(found.rows, left, {"created": in_utc, "doc": exact_json}, zeros=False)


def in_utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
