"""A check of exactly_once tries a transaction: with the rights of a relay, and beside it."""

import asyncio
import uuid
from typing import Any

from pg_tide.check import Step, kafka
from pg_tide.check.configuration import Runnable
from pg_tide.intent import Mark
from pg_tide.kafka import settings_of
from pg_tide.kafka.transaction_refusals import POSITIONS_TOPIC
from pg_tide.kafka.transactional import TransactionalClient
from pg_tide.stages import Stages
from tests.fixtures.kafka_admin import DESCRIBE, GROUP, READ, TRANSACTIONAL_ID, WRITE
from tests.fixtures.messages import a_config
from tests.fixtures.secured_kafka import SecuredKafka, login


async def tried(**options: Any) -> Step:
    """The step of the transaction."""
    config = a_config(topic="some-topic", delivery="exactly_once", **options)
    steps = await kafka(Runnable(config, Stages.of(config, "orders").route), "orders")
    assert "producer" not in {step.name for step in steps}
    (step,) = [step for step in steps if step.name == "transaction"]
    return step


async def a_relays(secured_kafka: SecuredKafka, prefix: str) -> TransactionalClient:
    """A started client, as a relay that runs has one."""
    settings = settings_of(a_config(brokers=secured_kafka.brokers))
    client = TransactionalClient(settings, f"{prefix}-{uuid.uuid4()}-1", 60_000)
    await client.start(20.0)
    return client


async def test_the_topic_for_marks_is_not_created(secured_kafka: SecuredKafka) -> None:
    admin = secured_kafka.admin
    await asyncio.to_thread(admin.delete_topic, POSITIONS_TOPIC)
    step = await tried(brokers=secured_kafka.brokers)
    assert step.verdict == "ok"
    assert f"topic {POSITIONS_TOPIC}, for its mark, is not there yet" in step.found
    assert POSITIONS_TOPIC not in await asyncio.to_thread(admin.topics)


async def test_a_relay_that_runs_does_not_notice(secured_kafka: SecuredKafka) -> None:
    prefix = f"of-{uuid.uuid4().hex}"
    client = await a_relays(secured_kafka, prefix)
    try:
        await client.begin()
        await client.stamp(Mark(7, "the relay's"))
        step = await tried(brokers=secured_kafka.brokers, transactional_id_prefix=prefix)
        assert (step.verdict, step.hint) == ("ok", None)
        assert "is possible" in step.found
        await client.commit()
        assert (await client.found()).mark == Mark(7, "the relay's")
    finally:
        await client.end()


async def test_each_right_that_lacks_is_named(secured_kafka: SecuredKafka) -> None:
    admin, user, prefix = secured_kafka.admin, f"user-{uuid.uuid4().hex}", f"p{uuid.uuid4().hex}"
    await (await a_relays(secured_kafka, "other")).end()  # the topic is there from now on
    await asyncio.to_thread(admin.set_password, user, "password-of-user")
    options = {
        **login("SCRAM-SHA-512", user, "password-of-user"),
        "brokers": secured_kafka.at("SASL"),
        "transactional_id_prefix": prefix,
    }
    covered = f"{prefix}- --resource-pattern-type prefixed"
    step = await tried(**options)
    assert step.found.startswith("transactional_id_not_authorized")
    assert f"--transactional-id {covered}" in (step.hint or "")

    await asyncio.to_thread(
        admin.allow_prefixed, user, TRANSACTIONAL_ID, f"{prefix}-", WRITE, DESCRIBE
    )
    step = await tried(**options)
    assert step.found.startswith("positions_not_authorized")
    assert f"--topic {POSITIONS_TOPIC}" in (step.hint or "")

    await asyncio.to_thread(admin.allow, user, POSITIONS_TOPIC, READ)
    step = await tried(**options)
    assert step.found.startswith("group_not_authorized")
    assert f"--group {covered}" in (step.hint or "")

    await asyncio.to_thread(admin.allow_prefixed, user, GROUP, f"{prefix}-", READ)
    assert (await tried(**options)).verdict == "ok"

    await asyncio.to_thread(admin.delete_topic, POSITIONS_TOPIC)
    step = await tried(**options)
    assert step.found.startswith("topic_creation_not_authorized")
    assert f"--create --topic {POSITIONS_TOPIC} --partitions 1" in (step.hint or "")
