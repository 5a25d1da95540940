"""Half a minute of everything publishers do, through the real process to a real Kafka."""

import asyncio

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload

SECONDS = 30


async def test_nothing_lost_invented_reordered_or_repeated(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name)
    process = relay(operator.url)
    await process.ready()
    async with publishing(operator.url, Workload(large=50_000)) as ledger:
        await asyncio.sleep(SECONDS)
    await operator.delivered()
    status = await operator.status()
    await process.stop()

    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    assert verdict.committed > 50_000 + 5_000
    assert ledger.rolled_back
    verdict.demand()
    assert (status["delivered"], status["filtered"]) == (verdict.committed, 0)
