"""Who looks at formats with a schema: check and preview ask the registry that the relay asks."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import StartRelay
from tests.acceptance.test_check_and_preview import Terminal
from tests.acceptance.test_format_typed import LOGIN
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.readers.confluent import ConfluentReader
from tests.fixtures.registry_front import RegistryFront
from tests.fixtures.schema_registry import SchemaRegistry
from tests.fixtures.topics import read_all

REFUSED = "refused"


@pytest.fixture
def front(schema_registry: SchemaRegistry) -> Iterator[RegistryFront]:
    with RegistryFront(schema_registry.url, login=LOGIN) as front:
        yield front


async def test_check_and_preview_ask_it_and_a_deleted_subject_lets_a_pipeline_go_on(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    schema_registry: SchemaRegistry,
    front: RegistryFront,
) -> None:
    topics = {one: topic() for one in ("avro", "protobuf", REFUSED)}
    taken = {"type": "record", "name": "Order", "fields": [{"name": "name", "type": "int"}]}
    schema_registry.register(f"{topics[REFUSED]}-value", json.dumps(taken))
    for one, name in topics.items():
        options: dict[str, Any] = {"wire_format": one}
        if one == REFUSED:
            schema = {**taken, "fields": [{"name": "name", "type": "string"}]}
            options = {"wire_format": "avro", "wire_config": {"schema": schema}}
        login = {"username": LOGIN[0], "password": LOGIN[1]}
        registry = {"url": front.url, **login}
        await operator.configure(
            name, pipeline=one, schema_registry=registry, fatal_retry_ms=500, **options
        )
    await operator.publish({"name": "é 漢 \U0001f30a"})
    process = relay(operator.url)
    await operator.reaches("failed", REFUSED)
    for one in ("avro", "protobuf"):
        await operator.delivered(one)
    await looked_at(operator, topics)

    schema_registry.delete(f"{topics[REFUSED]}-value")
    await operator.delivered(REFUSED)
    (found,) = await asyncio.to_thread(read_all, operator.brokers, topics[REFUSED])
    read = ConfluentReader(schema_registry.url, topics[REFUSED]).avro()
    assert read(found.value) == {"name": "é 漢 \U0001f30a"}
    await process.stop()


async def looked_at(operator: Operator, topics: dict[str, str]) -> None:
    """`check` asks the registry, `preview` shows what is in binary records."""
    terminal = Terminal(operator.url)
    said = await terminal.check()
    for one in ("avro", "protobuf"):
        assert said.of("registry", one)[0][0] == "ok"
        assert said.of(f"subject {topics[one]}-value", one)[0][0] == "ok"
        shown = (await terminal.preview(one, "--id", "1")).out
        assert '"name": "é 漢' in shown
        assert f"subject {topics[one]}-value" in shown
