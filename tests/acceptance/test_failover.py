"""A relay is killed, or PostgreSQL crashes: another goes on, and nothing is lost."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.postgres import new_server
from tests.fixtures.relay_process import RelayProcess, until

IN_FLIGHT = 500  # messages at most
TAKE_OVER = 2.0  # seconds
CRASHES = 2
CUTS = 10


async def test_another_relay_takes_over_from_one_that_was_killed(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name, max_in_flight=IN_FLIGHT)
    relays = [relay(operator.url)]
    await until(operator.holder)
    relays.append(relay(operator.url))
    await relays[1].ready()
    took = []
    async with publishing(operator.url, Workload(think=0.002, longest_pause=0.3)) as ledger:
        for _ in range(3):
            await asyncio.sleep(0.7)  # of load
            assert [await owned(each) for each in relays] == [1, 0]
            took.append(await killed(operator, relays.pop(0)))
            relays.append(relay(operator.url))
            await relays[1].ready()
    await operator.delivered()
    for process in relays:
        await process.stop()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print([f"{seconds:.2f} s" for seconds in took], verdict)  # noqa: T201 - the figures
    verdict.demand(at_most_duplicates=len(took) * IN_FLIGHT)
    assert max(took) < TAKE_OVER


async def owned(process: RelayProcess) -> float:
    return await process.metric("pg_tide_pipelines_owned")


async def killed(operator: Operator, process: RelayProcess) -> float:
    """Kill the relay that runs the pipeline; how many seconds until another does."""
    before = await operator.holder()

    async def another() -> bool:
        return await operator.holder() not in {None, before}

    began = time.monotonic()
    process.kill()
    await until(another)
    return time.monotonic() - began


_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name LIKE 'pg-tide%' AND datname = current_database() AND random() < 0.5
"""


async def test_connections_that_are_cut_cost_repeats_alone(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name, max_in_flight=IN_FLIGHT, retry_backoff_max_ms=100)
    process = relay(operator.url)
    await process.ready()
    async with publishing(operator.url, Workload(think=0.002, longest_pause=0.3)) as ledger:
        for _ in range(CUTS):
            await operator.run(_CUT)
            await asyncio.sleep(0.4)  # of load
    await operator.delivered()
    await process.stop()
    assert "bug: unexpected" not in process.log.read_text()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    verdict.demand(at_most_duplicates=CUTS * IN_FLIGHT)


@pytest.fixture
async def server(kafka_server: str) -> AsyncIterator[tuple[EmbeddedPostgres, Operator]]:
    """Yield a PostgreSQL that the test may crash, and its operator."""
    with new_server({"max_connections": "100"}) as started:
        await migrate(started.url)
        operator = Operator(started.url, kafka_server)
        await operator.run("SELECT tide.outbox_create('orders')")
        yield started, operator
        await operator.close()


async def test_nothing_is_lost_when_postgres_crashes_under_load(
    server: tuple[EmbeddedPostgres, Operator], relay: StartRelay, topic: TopicFactory
) -> None:
    postgres, operator = server
    name = topic(4)
    await operator.configure(name, max_in_flight=IN_FLIGHT)
    process = relay(operator.url)
    await process.ready()
    workload = Workload(think=0.002, longest_pause=0.3, through_crashes=True)
    async with publishing(operator.url, workload) as ledger:
        for _ in range(CRASHES):
            await asyncio.sleep(2)  # of load
            await asyncio.to_thread(postgres.crash)
            await until(process.problems)
            await asyncio.to_thread(postgres.start)
            await until(operator.holder)
        await asyncio.sleep(1)  # of load
    await operator.delivered()
    await process.ready()
    await process.stop()
    assert "bug: unexpected" not in process.log.read_text()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    verdict.demand(at_most_duplicates=CRASHES * IN_FLIGHT)
