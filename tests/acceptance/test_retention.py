"""Delivered slots are truncated while all goes on, undelivered ones never; disk use stays."""

import asyncio

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until

ROUNDS = 10
A_ROUND = 2_000  # messages
_SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
WHERE c.relname ~ '^message_[0-9]+_[0-9]+$' AND c.relkind = 'r'
"""
_PUBLISH = """
SELECT count(tide.outbox_publish('orders', jsonb_build_object('text', repeat('x', 400))))
FROM generate_series(1, $1)
"""


async def sweep(operator: Operator) -> int:
    """Sweep as cron would, beside the relay, which does it too; how many slots were emptied."""
    emptied: int = await operator.value("SELECT tide.outbox_sweep('orders')")
    return emptied


async def retained(operator: Operator) -> int:
    number: int = await operator.value("SELECT count(*) FROM tide.message")
    return number


@pytest.mark.parametrize("hours", [0, 0.0001])
async def test_disk_use_is_constant_over_ten_rounds(
    operator: Operator, relay: StartRelay, topic: TopicFactory, hours: float
) -> None:
    await operator.run("SELECT tide.outbox_alter('orders', retention_hours => $1)", hours)
    await operator.configure(topic())
    process = relay(operator.url)
    sizes = []
    for _ in range(ROUNDS):
        await operator.run(_PUBLISH, A_ROUND)
        await operator.delivered()
        sizes.append(await operator.value(_SIZE))

        async def almost_empty() -> bool:
            await sweep(operator)
            return await retained(operator) <= A_ROUND

        await until(almost_empty)
    print([f"{size // 1024} kB" for size in sizes])  # noqa: T201 - the figures
    assert max(sizes) < 2.5 * sizes[0]  # the round under way, and the one before it
    await process.stop()


async def test_a_relay_sweeps_by_itself(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    await operator.run("SELECT tide.outbox_alter('orders', retention_hours => 0)")
    await operator.configure(topic())
    process = relay(operator.url)
    await operator.run(_PUBLISH, A_ROUND)
    await operator.delivered()

    async def swept() -> bool:
        return await retained(operator) == 0

    await until(swept, 40)
    await process.stop()


async def test_nothing_undelivered_is_ever_truncated(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.run("SELECT tide.outbox_alter('orders', retention_hours => 0)")
    await operator.configure(name)
    process = relay(operator.url)
    await process.ready()
    emptied = 0
    async with publishing(operator.url, Workload(think=0.002, longest_pause=0.5)) as ledger:
        for enabled in (True, False, True):
            await operator.run(f"SELECT tide.relay_{'enable' if enabled else 'disable'}('p')")
            for _ in range(100):
                emptied += await sweep(operator)
                await asyncio.sleep(0.02)
    await operator.delivered()
    await process.stop()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(f"{emptied} slots emptied; {verdict}")  # noqa: T201 - the figures
    verdict.demand()
    assert emptied > 3


async def test_a_disabled_pipeline_keeps_its_messages_and_is_named(operator: Operator) -> None:
    await operator.run("SELECT tide.outbox_alter('orders', retention_hours => 0)")
    await operator.configure("anywhere")
    await operator.run("SELECT tide.relay_disable('p')")
    for _ in range(ROUNDS):
        await operator.run(_PUBLISH, 10)
        assert await sweep(operator) == 0
    assert await retained(operator) == ROUNDS * 10
    status = await operator.row("SELECT held_by, note FROM tide.outbox_status")
    assert status["held_by"] == 'consumer group "p"'
    assert "disabled" in status["note"]
