"""Exactly once, while a relay is frozen in a transaction: nothing of it comes late, or twice."""

import signal

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kill_points import Deed, program
from tests.fixtures.once import demand_once, more
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until

LOAD = Workload(publishers=10, think=0.005, longest_pause=0.3)


async def test_a_relay_that_lost_its_pipeline_in_a_transaction(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name, delivery="exactly_once")
    frozen = relay(operator.url, program=program("inside the transaction", 20, Deed("STOP")))
    await until(operator.holder)
    before = await operator.holder()
    async with publishing(operator.url, LOAD) as ledger:
        other = relay(operator.url)
        await other.ready()

        async def another() -> bool:
            return await operator.holder() not in {None, before}

        took = await until(another, 20)
        await more(operator)
        frozen.send(signal.SIGCONT)
        await more(operator, 500)
    await operator.delivered()
    for process in (frozen, other):
        await process.ready()
        await process.stop()
        assert "bug: unexpected" not in process.log.read_text()
    print(f"taken over after {took:.1f} s")  # noqa: T201 - the figure
    await demand_once(ledger, operator, name)
