"""What the relay writes as cloudevents, the SDK of CloudEvents takes for what was published."""

import asyncio
import json
from datetime import datetime

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.readers.cloud_events import cloud_event
from tests.fixtures.source_table import exact_json, relay_all, shown
from tests.fixtures.topics import read_all

PAYLOADS = (
    {"text": 'Zoë 📦 " \\ \u2028', "null": None, "deep": [[], {}, {"a": [1, True]}]},
    [1, "two", None],
    "only a text",
    12345678901234567890123,
)
EXACT = '{"n": 12345678901234567890123, "x": 0.10, "e": 1E+40}'


async def test_the_sdk_reads_both_modes(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    topics = {mode: topic() for mode in ("structured", "binary")}
    for mode, to in topics.items():
        chosen = {
            "mode": mode,
            "extensions": {"region": "eu {op}"},
            "dataschema": "urn:of:{outbox}",
        }
        await operator.configure(to, pipeline=mode, wire_format="cloudevents", wire_config=chosen)
    ids = [await operator.publish(one, op="placed", key="Schlüssel 🗝") for one in PAYLOADS]
    ids.append(await operator.value("SELECT tide.outbox_publish('orders', $1)", EXACT))
    await operator.publish(None, op="delete", key="gone")
    await relay_all(operator, relay, topics)
    for to in topics.values():
        *records, tombstone = await asyncio.to_thread(read_all, operator.brokers, to)
        events = [cloud_event(record) for record in records]
        for event, payload, number, record in zip(events, PAYLOADS, ids, records, strict=False):
            assert event.data == payload
            time = event.attributes.pop("time")
            assert isinstance(time, datetime)
            assert abs(time.timestamp() - record.timestamp / 1000) < 0.01
            assert event.attributes == {
                "specversion": "1.0",
                "id": f"orders:{number}",
                "source": "/pg_tide/orders",
                "type": "pg_tide.orders.placed",
                "subject": "Schlüssel 🗝",
                "datacontenttype": "application/json",
                "dataschema": "urn:of:orders",
                "region": "eu placed",
                "partitionkey": "Schlüssel 🗝",  # the SDK's name for a record's key
            }
            assert record.key == "Schlüssel 🗝".encode()
        stored = await operator.value("SELECT $1::jsonb::text", EXACT)
        data = events[-1].data if isinstance(events[-1].data, dict) else None
        assert data == json.loads(stored)
        assert "subject" not in events[-1].attributes
        text = records[-1].value or b""
        found = exact_json(text)
        assert shown(found.get("data", found)) == shown(exact_json(stored))
        assert tombstone.key == b"gone"
    assert tombstone.value is None  # in binary mode; the other has an event to tell of it
