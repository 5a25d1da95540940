"""What the relay writes as debezium_outbox, Kafka Connect cannot tell from Debezium's own."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.debezium_golden import golden, produce
from tests.fixtures.operator import Operator
from tests.fixtures.readers.connect import (
    JSON,
    JSON_WITH_SCHEMAS,
    STRING,
    ConnectRecord,
    KafkaConnect,
    Plugin,
)
from tests.fixtures.source_table import relay_all

TYPE = "type:header:eventType"
# How Debezium was configured for a golden file, and what its consumers have for keys and values.
WAYS: dict[str, tuple[Mapping[str, object], Plugin, Plugin]] = {
    "outbox_string": ({"placement": [TYPE, "tenant:header"]}, STRING, STRING),
    "outbox_expanded": ({"expand_json_payload": True}, STRING, JSON),
    "outbox_json_string": ({"schemas": True}, JSON_WITH_SCHEMAS, JSON_WITH_SCHEMAS),
    "outbox_envelope": ({"placement": ["type:envelope:eventType"]}, STRING, JSON),
}
EVENTS = (
    ("a1", "OrderCreated", '{"a": [1, 2.50, null], "b": 1, "s": "é"}', "t1"),
    ("a3", "OrderPaid", '{"b": 1, "l": [1, 2], "n": null, "o": {"x": 2.50}, "t": true}', "t1"),
    ("a2", "OrderGone", None, None),
)


async def test_connect_reads_the_same_of_both(
    operator: Operator, relay: StartRelay, topic: TopicFactory, kafka_connect: KafkaConnect
) -> None:
    theirs, ours = ({name: topic() for name in WAYS} for _ in range(2))
    for name, (options, _, _) in WAYS.items():
        await asyncio.to_thread(produce, operator.brokers, theirs[name], golden(name))
        await operator.configure(
            ours[name] + ".{headers.aggregatetype}",
            pipeline=name,
            wire_format="debezium_outbox",
            wire_config={"tombstone_on_empty_payload": False, **options},
            metadata_headers=False,
            message_headers=False,
            auto_create_topics=True,
        )
    for number, kind, payload, tenant in EVENTS:
        headers = {"aggregatetype": "order", "type": kind, "tenant": tenant}
        given = json.dumps({name: value for name, value in headers.items() if value is not None})
        await operator.run(
            "SELECT tide.outbox_publish("
            "'orders', $1, headers => $2, dedup_key => $3, key => 'o-1')",
            *(payload, given, f"00000000-0000-4000-8000-0000000000{number}"),
        )
    await relay_all(operator, relay, WAYS)
    for name, (_, key, value) in WAYS.items():
        found, expected = [
            await asyncio.to_thread(kafka_connect.read, where, value, key=key)
            for where in (f"{ours[name]}.order", theirs[name])
        ]
        assert len(expected) == len(EVENTS)
        assert [told(one) for one in found] == [told(one) for one in expected], name


def told(record: ConnectRecord) -> dict[str, Any]:
    """All of a record but its topic, and the headers that tell which connector wrote it."""
    own = {
        name: value
        for name, value in record.headers.items()
        if not name.startswith("__debezium.context.")
    }
    return {**record._asdict(), "topic": None, "headers": own}
