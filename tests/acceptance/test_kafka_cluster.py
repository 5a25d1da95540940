"""Three nodes: one is killed under load and comes back; a topic that wants all of them waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.kafka_cluster import NODES, KafkaCluster
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.arrivals import TOPIC, arrivals
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until

IN_FLIGHT = 500  # messages at most
MOST, ALL = "most", "all"  # pipelines of one outbox, named for the replicas that they want
REPLICAS = {MOST: NODES - 1, ALL: NODES}


@pytest.fixture
async def operator(database: str, cluster: KafkaCluster) -> AsyncIterator[Operator]:
    """Yield the operator of a database with both pipelines."""
    one = Operator(database, cluster.brokers)
    await one.run("SELECT tide.outbox_create('orders')")
    for name, replicas in REPLICAS.items():
        config = {**TOPIC, "min.insync.replicas": f"{replicas}"}
        await asyncio.to_thread(cluster.create_topic, name, NODES, config)
        await one.configure(
            name,
            pipeline=name,
            max_in_flight=IN_FLIGHT,
            request_timeout_ms=2000,
            retry_backoff_max_ms=500,
            reconnect_backoff_max_ms=500,
            metadata_max_age_ms=1000,
        )
    yield one
    await one.close()


async def test_a_node_killed_costs_nothing_and_too_few_replicas_are_waited_out(
    operator: Operator, cluster: KafkaCluster, relay: StartRelay
) -> None:
    process = relay(operator.url)
    await process.ready()
    workload = Workload(publishers=10, think=0.02, longest_pause=0.3)
    async with publishing(operator.url, workload) as ledger:
        await until(lambda: process.metric("pg_tide_messages_delivered_total", pipeline=ALL))
        victim = (await asyncio.to_thread(cluster.leaders, MOST))[0]
        await asyncio.to_thread(cluster.nodes[victim].kill)
        await until(lambda: asyncio.to_thread(others_lead, cluster, victim), 30)
        before = await delivered(operator, MOST)
        await until(lambda: more_delivered(operator, MOST, before))
        await operator.reaches("retrying", ALL)  # its client tries for ever, and says no more why
        stood = await delivered(operator, ALL)
        await until(lambda: more_delivered(operator, MOST, before + 100))
        assert await delivered(operator, ALL) == stood
        await asyncio.to_thread(cluster.start)
        await until(lambda: more_delivered(operator, ALL, stood), 30)
    for name in REPLICAS:
        await operator.delivered(name)
        assert (await operator.status(name))["last_error"] is None
    await process.stop()
    for name in REPLICAS:
        seen = await asyncio.to_thread(arrivals, cluster.brokers, name)
        verdict = judge(ledger, (each.told for each in seen))
        print(name, verdict)  # noqa: T201 - pytest shows it when the test fails
        verdict.demand(at_most_duplicates=IN_FLIGHT)


def others_lead(cluster: KafkaCluster, victim: int) -> bool:
    """Whether every partition has found another leader."""
    leaders = {node for name in REPLICAS for node in cluster.leaders(name).values()}
    return not leaders & {victim, -1}


async def delivered(operator: Operator, pipeline: str) -> int:
    return int((await operator.status(pipeline))["delivered"])


async def more_delivered(operator: Operator, pipeline: str, than: int) -> bool:
    return await delivered(operator, pipeline) > than
