"""Relays share the pipelines evenly, and share them anew when one joins, leaves or dies."""

import asyncio
import time
from collections.abc import Sequence

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.ledger import Told
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import RelayProcess, until

PIPELINES = 6
IN_FLIGHT = 500  # messages of a pipeline at most
SPREAD = 5.0  # seconds
TAKE_OVER = 2.0
OWNERS = "SELECT relay_id::text, count(*) FROM tide._owners() GROUP BY 1"


async def shares(operator: Operator) -> list[int]:
    """How many pipelines each relay runs, in order."""
    rows = await (await operator.connection()).fetch(OWNERS)
    return sorted(row["count"] for row in rows)


async def spread(operator: Operator, *wanted: int) -> float:
    """Wait for these shares; how long that took."""

    async def even() -> bool:
        return await shares(operator) == sorted(wanted)

    return await until(even, 20, lambda: f"never {wanted}")


async def seen(operator: Operator, topics: Sequence[str]) -> list[list[Told]]:
    """What each topic has brought."""
    return [await asyncio.to_thread(delivered, operator.brokers, name) for name in topics]


async def epochs(operator: Operator) -> set[str]:
    rows = await (await operator.connection()).fetch("SELECT epoch::text FROM tide.position")
    return {row["epoch"] for row in rows}


async def test_relays_share_evenly_under_load(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    topics = [topic() for _ in range(PIPELINES)]
    for number, name in enumerate(topics):
        await operator.configure(name, pipeline=f"p{number}", max_in_flight=IN_FLIGHT)
    relays = [relay(operator.url), relay(operator.url)]
    took = {"start": await spread(operator, 3, 3)}
    workload = Workload(publishers=5, think=0.005, longest_pause=0.3)
    async with publishing(operator.url, workload) as ledger:
        before = await epochs(operator)
        relays.append(relay(operator.url))
        await relays[2].ready()
        took["join"] = await spread(operator, 2, 2, 2)
        assert len(before & await epochs(operator)) == 4, "of two each, one moved"
        took["leave"] = await left(operator, relays[0])
        for told in await seen(operator, topics):
            assert len(told) == len(set(told)), "a move repeats nothing"
        await relays[1].ready()
        relays[1].kill()
        took["kill"] = await spread(operator, 6)
    for number in range(PIPELINES):
        await operator.delivered(f"p{number}")
    await relays[2].stop()
    for told in await seen(operator, topics):
        judge(ledger, told).demand(at_most_duplicates=IN_FLIGHT)
    print({name: f"{seconds:.2f} s" for name, seconds in took.items()})  # noqa: T201 - figures
    assert max(took["join"], took["leave"]) < SPREAD
    assert took["kill"] < TAKE_OVER


async def left(operator: Operator, process: RelayProcess) -> float:
    """Stop a relay as an operator does; when the others had its pipelines."""
    stopping = asyncio.create_task(process.stop())
    took = await spread(operator, 3, 3)
    await stopping
    return took


async def test_a_relay_for_one_pipeline_takes_that_one_alone(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """And the only pipeline that both may run stays where it is when a third one comes."""
    name = topic()
    for pipeline in ("a", "b", "c"):
        await operator.configure(name, pipeline=pipeline)
    relay(operator.url)
    await spread(operator, 3)
    only_c = relay(operator.url, "--pipeline", "c")
    await spread(operator, 2, 1)
    assert await only_c.metric("pg_tide_pipelines_owned") == 1
    owner = await operator.holder("c")
    before = await epochs(operator)
    also_c = relay(operator.url, "--pipeline", "c")
    await also_c.ready()
    await asyncio.sleep(3)  # it has settled, and everybody has looked several times
    assert await operator.holder("c") == owner
    assert await epochs(operator) == before
    only_c.kill()
    began = time.monotonic()
    await spread(operator, 2, 1)
    assert time.monotonic() - began < TAKE_OVER
