"""Exactly once, while relays come and go and options change: each message is there once."""

import signal
from typing import Any

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kill_points import program
from tests.fixtures.once import KEPT, demand_once, more, stopped
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until

ONCE: dict[str, Any] = {"delivery": "exactly_once"}
FOUND = "outcome=committed"
LOAD: dict[str, Any] = {"publishers": 10, "think": 0.005, "longest_pause": 0.3}
EPOCH = "SELECT epoch::text FROM tide.position"
STOPPED_WITHIN = 5.0  # seconds


async def test_stopped_and_started_under_load(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name, **ONCE)
    took = []
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        for _ in range(3):
            process = relay(operator.url)
            await more(operator)
            took.append(await stopped(process))
            assert await operator.value(KEPT) == 0
    process = relay(operator.url)
    await operator.delivered()
    await process.stop()
    await demand_once(ledger, operator, name)
    assert max(took) < STOPPED_WITHIN


async def taken_anew(operator: Operator, before: str) -> None:
    """Wait until the pipeline runs under another epoch."""

    async def taken() -> bool:
        return bool(await operator.value(EPOCH) != before)

    await until(taken)


async def test_options_change_while_messages_flow(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    elsewhere = operator.brokers.replace("127.0.0.1", "localhost")
    process = relay(operator.url)
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        for options in (
            {},
            ONCE,
            {},
            ONCE,
            {**ONCE, "transactional_id_prefix": "another"},
            {**ONCE, "brokers": elsewhere},
            {**ONCE, "brokers": f"{elsewhere},{operator.brokers}"},
        ):
            before = await operator.value(EPOCH)
            await operator.configure(name, **options)
            await taken_anew(operator, before)
            await more(operator)
    await operator.delivered()
    await process.stop()
    assert "forgot" not in process.log.read_text()
    await demand_once(ledger, operator, name)


async def test_options_change_with_a_commit_that_nobody_confirmed(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """Who comes next asks the brokers, and by the id, of which the intent was written."""
    name = topic(4)
    await operator.configure(name, **ONCE)
    elsewhere = operator.brokers.replace("127.0.0.1", "localhost")
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        for number, options in enumerate(
            (
                {**ONCE, "transactional_id_prefix": "another"},
                {**ONCE, "brokers": elsewhere},
                {},
            )
        ):
            process = relay(operator.url, program=program("before done", 3))
            assert await process.ended() == -signal.SIGKILL
            assert (FOUND in process.log.read_text()) == (number > 0)
            assert await operator.value(KEPT) > 0
            await operator.configure(name, **options)
        again = relay(operator.url)
        await more(operator)
    await operator.delivered()
    await again.stop()
    assert FOUND in again.log.read_text()
    await demand_once(ledger, operator, name)
