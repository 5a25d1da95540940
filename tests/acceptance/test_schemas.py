"""Formats with a schema, through the real process, Kafka and registry, read by Confluent's own."""

import asyncio
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.conftest import StartRelay
from tests.acceptance.test_check_and_preview import Terminal
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.readers.confluent import ConfluentReader, message_class
from tests.fixtures.registry_front import RegistryFront
from tests.fixtures.relay_process import until
from tests.fixtures.schema_registry import SchemaRegistry
from tests.fixtures.tail import Tail
from tests.fixtures.topics import read_all

LOGIN = ("registry-user", "registry-password-4f1b")
ORDERS: list[dict[str, Any]] = [
    {
        "id": 1,
        "name": "é 漢 \U0001f30a",
        "total": 12.5,
        "lines": [{"sku": "a", "n": 1}],
        "ok": True,
    },
    {"id": 2**62, "name": "", "total": None, "lines": [], "ok": None},
    {"id": -1, "name": "later", "note": "a member that was not there", "lines": [{"sku": "b"}]},
]


@pytest.fixture
def front(schema_registry: SchemaRegistry) -> Iterator[RegistryFront]:
    with RegistryFront(schema_registry.url, login=LOGIN) as front:
        yield front


def registry_options(front: RegistryFront) -> dict[str, object]:
    return {"url": front.url, "username": LOGIN[0], "password": LOGIN[1], "timeout_ms": 2000}


def readers(registry: SchemaRegistry, topic: str, name: str) -> Callable[[bytes | None], Any]:
    reader = ConfluentReader(registry.url, topic)
    if name == "avro":
        return reader.avro()
    if name == "json_schema":
        return reader.json_schema()
    text = registry.latest(f"{topic}-value")["schema"]
    return reader.protobuf(message_class(text, "pg_tide.Orders"))


def plain(found: Any) -> Any:
    """What was read, as what was published: absent, null and an empty list are one to Protobuf."""
    if hasattr(found, "ListFields"):
        return {field.name: plain(value) for field, value in found.ListFields()}
    if isinstance(found, dict):
        kept = {name: plain(value) for name, value in found.items()}
        return {name: value for name, value in kept.items() if value not in (None, [])}
    if isinstance(found, Decimal):
        return float(found)
    if isinstance(found, str | bytes):
        return found
    return [plain(one) for one in found] if hasattr(found, "__len__") else found


async def test_confluents_own_read_what_three_formats_wrote_across_an_outage(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    schema_registry: SchemaRegistry,
    front: RegistryFront,
) -> None:
    topics = {one: topic() for one in ("avro", "protobuf", "json_schema")}
    for one, name in topics.items():
        options = registry_options(front)
        await operator.configure(name, pipeline=one, wire_format=one, schema_registry=options)
    front.stop()
    for payload in ORDERS:
        await operator.publish(payload)
    process = relay(operator.url)
    for one in topics:
        await operator.reaches("retrying", one)
        assert "registry_unavailable" in str(await operator.status(one))
    front.start()
    for one in topics:
        await operator.delivered(one)
    assert await operator.value("SELECT count(*) FROM tide.dead_letter") == 0
    for one, name in topics.items():
        found = await asyncio.to_thread(read_all, operator.brokers, name)
        read = readers(schema_registry, name, one)
        assert [plain(read(record.value)) for record in found] == [plain(one) for one in ORDERS]
        assert len(schema_registry.versions(f"{name}-value")) == 2
    await looked_at(operator, topics)
    await process.stop()


async def looked_at(operator: Operator, topics: dict[str, str]) -> None:
    """`check` asks the registry, `preview` shows what is in binary records."""
    terminal = Terminal(operator.url)
    said = await terminal.check()
    for one, name in topics.items():
        assert said.of("registry", one)[0][0] == "ok"
        assert said.of(f"subject {name}-value", one)[0][0] == "ok"
    for one in ("avro", "protobuf"):
        shown = (await terminal.preview(one, "--id", "1")).out
        assert '"name": "é 漢' in shown
        assert f"subject {topics[one]}-value" in shown


async def test_a_wrong_password_and_an_incompatible_schema_fail_it_in_words(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    schema_registry: SchemaRegistry,
    front: RegistryFront,
) -> None:
    name = topic()
    schema = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}
    taken = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "int"}]}
    schema_registry.register(f"{name}-value", json.dumps(taken))
    wrong = registry_options(front) | {"password": "another-9f1e"}
    options: dict[str, Any] = {"wire_format": "avro", "fatal_retry_ms": 500}
    await operator.configure(name, schema_registry=wrong, **options)
    await operator.publish({"id": "x"})
    process = relay(operator.url)
    await operator.reaches("failed")
    status = str(await operator.status())
    assert "refuses this login" in status
    assert "another-9f1e" not in status + process.words
    options |= {"schema_registry": registry_options(front), "wire_config": {"schema": schema}}
    await operator.configure(name, **options)

    async def told() -> bool:
        return "not compatible" in str(await operator.status())

    await until(told, 30, lambda: "nothing was said of an incompatible schema")
    schema_registry.delete(f"{name}-value")
    async with Tail(operator.brokers, name) as tail:
        (arrived,) = await tail.first(1)
        read = ConfluentReader(schema_registry.url, name).avro()
        assert read(arrived.record.value) == {"id": "x"}
    await process.stop()
