"""Where messages go, with which headers and in what form: each option, through the real relay."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.topics import Consumed, create_topic, delete_topic, read_all

NO_TEXT = b"\xff\x00\x80"
NUMBERS = '{"big": 12345678901234567890123, "small": 0.1000000000000000055511151231257827}'


class NamedTopic(Protocol):
    """Creates a topic with this name, and returns it."""

    def __call__(self, name: str) -> str: ...


@pytest.fixture
def named_topic(kafka_server: str) -> Iterator[NamedTopic]:
    """Yield a function that creates topics by name; they are deleted after the test."""
    made: list[str] = []

    def create(name: str) -> str:
        create_topic(kafka_server, name)
        made.append(name)
        return name

    yield create
    for name in made:
        delete_topic(kafka_server, name)


async def records(operator: Operator, topic: str) -> list[Consumed]:
    """Read every record of a topic, in order."""
    return await asyncio.to_thread(read_all, operator.brokers, topic)


async def numbers(operator: Operator, topic: str) -> list[Any]:
    """Read the member `n` of every value of a topic."""
    return [json.loads(one.value or b"")["n"] for one in await records(operator, topic)]


async def all_delivered(operator: Operator, *pipelines: str) -> None:
    """Wait until nothing is pending in any of these."""
    for pipeline in pipelines:
        await operator.delivered(pipeline)


async def test_topics(
    operator: Operator, relay: StartRelay, topic: TopicFactory, named_topic: NamedTopic
) -> None:
    base = topic()
    await operator.run("SELECT tide.outbox_create($1)", "shop.orders")
    by_outbox = named_topic(f"{base}.shop.orders")
    by_table = named_topic(f"{base}.public_order_items")
    by_content = named_topic(f"{base}-book-insert")
    audit, large = topic(), topic()
    captured = await operator.publish({"n": 1, "kind": "book"}, "shop.orders")
    # What the capture of a table will write.
    await operator.run(
        "UPDATE tide.message SET source = 'public.order_items' WHERE id = $1", captured
    )
    for n, headers in [(2, {}), (3, {"kind": "audit"}), (2000, {}), (4000, {"kind": "audit"})]:
        message = {"n": n, "kind": "book"}
        await operator.publish(message, "shop.orders", key="k", headers=json.dumps(headers))
    await operator.configure(
        None, pipeline="prefix", outbox="shop.orders", topic_prefix=f"{base}."
    )  # fmt: skip
    await operator.configure(
        f"{base}-{{payload.kind}}-{{op}}", pipeline="content", outbox="shop.orders"
    )
    rules = [
        {"match_field": "headers.kind", "match_value": "audit", "topic": audit},
        {"when": "original.n > `1000` && payload.n == '2000'", "topic": large,
         "message_key": "{original.n}-{op}"},
        {"when": "`true`", "topic": base},
    ]  # fmt: skip
    await operator.configure(
        "never-{outbox}",
        pipeline="rules",
        outbox="shop.orders",
        routing__rules=rules,
        transform__payload="{n: to_string(payload.n)}",
    )
    process = relay(operator.url)
    await all_delivered(operator, "prefix", "content", "rules")
    await process.stop()
    assert await numbers(operator, by_outbox) == [2, 3, 2000, 4000]
    assert await numbers(operator, by_table) == [1]
    assert await numbers(operator, by_content) == [1, 2, 3, 2000, 4000]
    assert await numbers(operator, audit) == ["3", "4000"]
    assert await numbers(operator, base) == ["1", "2"]
    assert [one.key for one in await records(operator, audit)] == [b"k", b"k"]
    (exceptional,) = await records(operator, large)
    assert (exceptional.key, exceptional.value) == (b"2000-insert", b'{"n":"2000"}')


async def test_a_missing_topic_of_a_rule_is_waited_for(
    operator: Operator, relay: StartRelay, topic: TopicFactory, named_topic: NamedTopic
) -> None:
    name = topic()
    rules = [{"match_field": "op", "match_value": "x", "topic": f"{name}-{{outbox}}"}]
    await operator.publish({"n": 1}, op="x")
    await operator.configure(name, routing__rules=rules)
    process = relay(operator.url)
    await operator.reaches("retrying")
    assert f"{name}-orders" in (await operator.status())["last_error"]
    await asyncio.to_thread(named_topic, f"{name}-orders")
    await operator.delivered()
    await process.stop()
    assert await numbers(operator, f"{name}-orders") == [1]


async def test_headers(operator: Operator, relay: StartRelay, topic: TopicFactory) -> None:
    every, own, none = topic(), topic(), topic()
    templates = {
        "const": "a {{b}}",
        "where": "{outbox}",
        "own": "{headers.trace}!",
        "nested": "{payload.a.b}/{original.x}",
        "id": 7,
    }
    message_id = await operator.publish(
        {"x": 1.50, "c": "é"}, key="k", dedup_key="d", headers='{"trace": "t", "id": "mine"}'
    )
    await operator.configure(
        every, pipeline="all", headers=templates, transform__payload="{a: {b: payload.c}}"
    )
    await operator.configure(own, pipeline="own", metadata_headers=False)
    await operator.configure(none, pipeline="none", metadata_headers=False, message_headers=False)
    process = relay(operator.url)
    await all_delivered(operator, "all", "own", "none")
    await process.stop()
    (record,) = await records(operator, every)
    assert sorted(record.headers[:2]) == [("id", b"mine"), ("trace", b"t")]
    assert sorted(record.headers[2:7]) == [
        ("const", b"a {b}"),
        ("id", b"7"),
        ("nested", "é/1.5".encode()),
        ("own", b"t!"),
        ("where", b"orders"),
    ]
    assert record.headers[7:] == (
        ("pg_tide_outbox", b"orders"),
        ("pg_tide_op", b"insert"),
        ("pg_tide_id", b"orders:%d" % message_id),
        ("pg_tide_dedup_key", b"d"),
    )
    (record,) = await records(operator, own)
    assert sorted(record.headers) == [("id", b"mine"), ("trace", b"t")]
    (record,) = await records(operator, none)
    assert record.headers == ()


async def test_envelopes_and_the_time_of_records(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    enveloped, produced, native, raw = topic(), topic(), topic(), topic()
    first = await operator.value(
        "SELECT tide.outbox_publish('orders', $1::jsonb, 'd', '{\"h\": \"v\"}', 'update')", NUMBERS
    )
    await operator.publish(None, op="delete", key="d")
    await operator.run("SELECT tide.outbox_publish_bytes('orders', $1, 'b')", NO_TEXT)
    published = await operator.value("SELECT published_at FROM tide.message WHERE id = $1", first)
    for name, pipeline, options in [
        (enveloped, "enveloped", {"wire_format": "envelope"}),
        (produced, "produced", {"wire_format": "envelope", "record_timestamp": "produced"}),
        (native, "native", {}),
        (raw, "raw", {"wire_format": "raw"}),
    ]:
        await operator.configure(name, pipeline=pipeline, **options)
    began = time.time()
    process = relay(operator.url)
    await all_delivered(operator, "enveloped", "produced", "native", "raw")
    await process.stop()
    record, tombstone = await records(operator, enveloped)
    (plain, _) = await records(operator, native)
    assert plain.value is not None
    assert record.value is not None
    assert record.value.endswith(b',"payload":' + plain.value + b"}")
    assert json.loads(NUMBERS, parse_float=str) == json.loads(plain.value, parse_float=str)
    envelope = json.loads(record.value)
    del envelope["payload"]
    assert envelope == {
        "outbox_id": first,
        "op": "update",
        "stream_table": "orders",
        "dedup_key": "d",
        "published_at": f"{published:%Y-%m-%dT%H:%M:%S.%fZ}",
        "headers": {"h": "v"},
    }
    assert (tombstone.key, tombstone.value) == (b"d", None)
    assert (record.key, record.headers) == (plain.key, plain.headers)
    values = [one.value for one in await records(operator, raw)]
    assert values == [plain.value, None, NO_TEXT]
    for pipeline, dead in [("enveloped", 1), ("native", 1), ("raw", 0)]:
        assert (await operator.status(pipeline))["dead_letters"] == dead
    # Every clock is this machine's.
    assert record.timestamp == plain.timestamp == int(published.timestamp() * 1000)
    late = [one.timestamp for one in await records(operator, produced)]
    assert len(late) == 2
    assert all(began * 1000 - 1 < timestamp <= time.time() * 1000 for timestamp in late)
