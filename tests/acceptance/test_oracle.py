"""Everything that publishers do, thousands of times, through the real process to a real Kafka."""

import asyncio

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until

LARGE = 50_000  # messages of one transaction
SMALL = 7_500  # and of all others, about


async def test_nothing_lost_invented_reordered_or_repeated(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name)
    process = relay(operator.url)
    await process.ready()
    async with publishing(operator.url, Workload(large=LARGE)) as ledger:

        async def enough() -> bool:
            return len(ledger.committed) >= LARGE + SMALL

        await until(enough, 60)
    await operator.delivered()
    status = await operator.status()
    await process.stop()

    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    assert verdict.committed >= LARGE + SMALL
    assert ledger.rolled_back
    verdict.demand()
    assert (status["delivered"], status["filtered"]) == (verdict.committed, 0)
