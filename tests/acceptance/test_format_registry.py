"""A schema registry that is away, busy, or says no: waited for, or told in its own words."""

import json
from typing import Any

from tests.acceptance.conftest import StartRelay
from tests.acceptance.test_format_typed import GIVEN, LOGIN, ORDER, check_avro, values
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.readers.confluent import ConfluentReader
from tests.fixtures.registry_front import Canned, RegistryFront
from tests.fixtures.schema_registry import SchemaRegistry


async def test_a_registry_that_is_away_or_busy_is_waited_for(
    operator: Operator, relay: StartRelay, topic: TopicFactory, schema_registry: SchemaRegistry
) -> None:
    names = ("away", "busy")
    topics = {name: topic() for name in names}
    with RegistryFront(schema_registry.url) as away, RegistryFront(schema_registry.url) as busy:
        away.stop()
        busy.canned = Canned(429, b'{"error_code": 42901, "message": "slow down"}')
        for name, front in zip(names, (away, busy), strict=True):
            await operator.configure(
                topics[name],
                pipeline=name,
                wire_format="avro",
                wire_config=GIVEN["avro"],
                schema_registry={"url": front.url, "timeout_ms": 1000},
                retry_backoff_max_ms=200,
            )
        await operator.run("SELECT tide.outbox_publish('orders', $1)", ORDER)
        process = relay(operator.url)
        for name in names:
            await operator.reaches("retrying", name)
            status = await operator.status(name)
            assert status["last_error"].startswith("registry_"), status["last_error"]
        assert "slow down" in (await operator.status("busy"))["last_error"]
        away.start()
        busy.canned = None
        for name in names:
            await operator.delivered(name)
            assert (await operator.status(name))["dead_letters"] == 0
            read = ConfluentReader(schema_registry.url, topics[name]).avro()
            (value,) = await values(operator, topics[name])
            check_avro(read(value))
        await process.stop()


async def test_what_the_registry_refuses_is_said_in_its_words(
    operator: Operator, relay: StartRelay, topic: TopicFactory, schema_registry: SchemaRegistry
) -> None:
    to = topic()
    other = {"type": "record", "name": "Order", "namespace": "shop", "fields": [
        {"name": "id", "type": "string"},
    ]}  # fmt: skip
    schema_registry.register(f"{to}-value", json.dumps(other))
    with RegistryFront(schema_registry.url, login=LOGIN) as front:
        login = {"username": LOGIN[0], "password": "wrong-password-77aa"}
        right = {"username": LOGIN[0], "password": LOGIN[1]}
        options: dict[str, dict[str, Any]] = {
            "incompatible": right,
            "login": login,
            "missing": {**right, "auto_register": False},
        }
        for name, registry in options.items():
            await operator.configure(
                to if name == "incompatible" else topic(),
                pipeline=name,
                wire_format="avro",
                wire_config=GIVEN["avro"],
                schema_registry={"url": front.url, **registry},
            )
        await operator.run("SELECT tide.outbox_publish('orders', $1)", ORDER)
        process = relay(operator.url)
        said = {}
        for name in options:
            await operator.reaches("failed", name)
            status = await operator.status(name)
            assert status["dead_letters"] == 0
            said[name] = f"{status['last_error']} {status['hint']}"
        assert "reader type: LONG not compatible with writer type: STRING" in said["incompatible"]
        assert "401" in said["login"] or "login" in said["login"]
        assert "auto_register" in said["missing"]
        for words in said.values():
            assert "password-77aa" not in words
            assert LOGIN[1] not in words
        await process.stop()
