"""Exactly once, through the real process: a reader of what is committed sees each message once."""

import asyncio

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until


async def test_all_that_publishers_do(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name, delivery="exactly_once")
    process = relay(operator.url)
    await process.ready()
    async with publishing(operator.url, Workload(large=10_000)) as ledger:

        async def enough() -> bool:
            return len(ledger.committed) >= 14_000

        await until(enough, 60)
    await operator.delivered()
    status = await operator.status()
    await process.stop()

    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    verdict.demand()
    assert (status["delivered"], status["filtered"]) == (verdict.committed, 0)
