"""Exactly once on three nodes: the one that coordinates it dies in a commit."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.kafka_cluster import NODES, KafkaCluster
from tests.fixtures.kill_points import Deed, program
from tests.fixtures.once import dead, demand_once, more
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until

TOPIC = "orders"
COORDINATOR = "__transaction_state"


@pytest.fixture
async def operator(database: str, cluster: KafkaCluster) -> AsyncIterator[Operator]:
    """Yield the operator of a database with the pipeline."""
    one = Operator(database, cluster.brokers)
    await one.run("SELECT tide.outbox_create('orders')")
    await asyncio.to_thread(cluster.create_topic, TOPIC, NODES, {"min.insync.replicas": "2"})
    await one.configure(
        TOPIC,
        delivery="exactly_once",
        request_timeout_ms=2000,
        retry_backoff_max_ms=300,
        reconnect_backoff_max_ms=300,
        metadata_max_age_ms=1000,
    )
    yield one
    await one.close()


async def test_the_coordinator_is_killed_in_a_commit(
    operator: Operator, cluster: KafkaCluster, relay: StartRelay
) -> None:
    """It leads a partition of the topic too."""
    first = relay(operator.url)
    workload = Workload(publishers=10, think=0.03, longest_pause=0.3)
    async with publishing(operator.url, workload) as ledger:
        await more(operator, 10)
        await first.stop()
        victim = (await asyncio.to_thread(cluster.leaders, COORDINATOR))[0]
        pid = cluster.nodes[victim].pid
        process = relay(operator.url, program=program("during commit", 10, Deed("KILL", pid)))
        await until(lambda: dead(pid))
        cluster.nodes[victim].kill()
        print(f"went on after {await more(operator):.1f} s")  # noqa: T201 - the figure
    await operator.delivered()
    await process.ready()
    await process.stop()
    assert "bug: unexpected" not in process.log.read_text()
    await demand_once(ledger, operator, TOPIC)
