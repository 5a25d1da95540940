"""Rights that are missing: on a topic of the configuration, on one of a message, on the cluster."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kafka_admin import DESCRIBE, WRITE, KafkaAdmin, Operation
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until
from tests.fixtures.secured_kafka import SecuredKafka, login
from tests.fixtures.topics import read_all

LOOK_AGAIN = 300  # milliseconds
HALT: dict[str, Any] = {"dead_letter.policy": "halt", "max_retries": 2, "retry_backoff_ms": 10}
RIGHTS = pytest.mark.parametrize("rights", [(), (DESCRIBE,)], ids=["none", "describe"])


@dataclass
class Account:
    """A user who has no rights but those given, and the options to come in as this user."""

    admin: KafkaAdmin
    name: str
    options: dict[str, Any]

    async def allow(self, topic: str, *operations: Operation) -> None:
        await asyncio.to_thread(self.admin.allow, self.name, topic, *operations)

    async def revoke(self, topic: str, *operations: Operation) -> None:
        await asyncio.to_thread(self.admin.revoke, self.name, topic, *operations)


@pytest.fixture(scope="session")
def kafka_server(secured_kafka: SecuredKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return secured_kafka.brokers


@pytest.fixture
def account(secured_kafka: SecuredKafka) -> Account:
    """Return a user of the test's own."""
    name = f"user-{uuid.uuid4().hex}"
    secured_kafka.admin.set_password(name, "password")
    options = {
        **login("SCRAM-SHA-512", name, "password"),
        "brokers": secured_kafka.at("SASL"),
        "fatal_retry_ms": LOOK_AGAIN,
    }
    return Account(secured_kafka.admin, name, options)


async def numbers(operator: Operator, topic: str) -> list[int]:
    """What was delivered to a topic, in order."""
    records = await asyncio.to_thread(read_all, operator.brokers, topic)
    return [json.loads(record.value or b"")["n"] for record in records]


@RIGHTS
async def test_a_configured_topic_that_is_forbidden_is_waited_for_and_nothing_is_lost(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    account: Account,
    rights: tuple[Operation, ...],
) -> None:
    forbidden, other = topic(), topic()
    await account.allow(other, DESCRIBE, WRITE)
    await account.allow(forbidden, *rights)
    await operator.configure(forbidden, **account.options)
    await operator.configure(other, pipeline="other", **account.options)
    process = relay(operator.url)
    for n in range(3):
        await operator.publish({"n": n})
    await operator.reaches("failed", seconds=10)
    await operator.delivered("other")
    status = await operator.status()
    assert status["last_error"].startswith("topic_not_authorized: ")
    assert forbidden in status["last_error"]
    assert status["next_retry"]
    assert "DESCRIBE and WRITE" in status["hint"]
    assert list(await process.problems()) == ["p"]

    await account.allow(forbidden, DESCRIBE, WRITE)
    await operator.delivered(seconds=10)
    await process.ready()
    await account.revoke(forbidden, WRITE)
    for n in range(3, 6):
        await operator.publish({"n": n})
    await operator.reaches("failed", seconds=10)
    assert (await operator.status())["last_error"].startswith("topic_not_authorized: ")
    await account.allow(forbidden, WRITE)
    await operator.delivered(seconds=10)
    await process.ready()
    await process.stop()
    assert await numbers(operator, forbidden) == list(range(6))


@RIGHTS
async def test_a_forbidden_topic_of_a_message_is_that_messages_error(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    account: Account,
    rights: tuple[Operation, ...],
) -> None:
    allowed, forbidden = topic(), topic()
    await account.allow(allowed, DESCRIBE, WRITE)
    await account.allow(forbidden, *rights)
    ids = [
        await operator.publish({"n": n, "to": forbidden if n == 3 else allowed}) for n in range(6)
    ]
    await operator.configure("{payload.to}", **HALT, **account.options)
    process = relay(operator.url)
    await operator.reaches("halted", seconds=10)
    status = await operator.status()
    assert (status["delivered"], status["pending"]) == (3, 3)
    assert f"message {ids[3]}" in status["last_error"]
    assert "topic_not_authorized" in status["last_error"]
    assert forbidden in status["last_error"]
    assert "DESCRIBE and WRITE" in status["hint"]

    await account.allow(forbidden, DESCRIBE, WRITE)
    await operator.run("SELECT tide.relay_enable('p')")
    await operator.delivered(seconds=10)
    await process.stop()
    assert await numbers(operator, forbidden) == [3]
    # What came after it may have been on its way already: at least once, in order.
    found = await numbers(operator, allowed)
    assert list(dict.fromkeys(found)) == [0, 1, 2, 4, 5]


async def test_idempotent_writes_need_a_right_and_others_do_not(
    operator: Operator, relay: StartRelay, topic: TopicFactory, account: Account
) -> None:
    name = topic()
    await operator.configure(name, **account.options)
    process = relay(operator.url)
    await operator.publish({"n": 1})
    await operator.reaches("failed", seconds=10)
    status = await operator.status()
    # Kafka gives a producer id to whoever may write any topic: here, to none.
    assert status["last_error"].startswith("cluster_not_authorized: ")
    assert "IDEMPOTENT_WRITE" in status["hint"]
    assert "idempotent to false" in status["hint"]
    await operator.configure(name, idempotent=False, **account.options)

    async def says_topic() -> bool:
        error = (await operator.status())["last_error"] or ""
        return bool(error.startswith("topic_not_authorized: "))

    await until(says_topic, 10)
    await account.allow(name, DESCRIBE, WRITE)
    await operator.delivered(seconds=10)
    await operator.configure(name, **account.options)
    await operator.publish({"n": 2})
    await operator.delivered(seconds=10)
    await process.stop()
    assert await numbers(operator, name) == [1, 2]
