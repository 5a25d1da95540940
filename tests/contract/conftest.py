"""The real part and its fake, in turn."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.clusters import Cluster, FakeCluster, RealCluster
from tests.contract.outboxes import FakePlace, Place, RealPlace
from tests.integration.rules.stage import SET_UP, staged

PIPELINE = """
select tide.relay_set_outbox('orders', 'orders', 'relay',
  '{"sink_type": "kafka", "brokers": "localhost:9092", "topic": "orders"}')
"""


@pytest.fixture
async def postgres_place(database: str) -> AsyncIterator[RealPlace]:
    """Yield an empty outbox in PostgreSQL."""
    async with staged(database) as stage:
        await stage.db.execute(SET_UP)
        await stage.db.execute(PIPELINE)
        yield RealPlace(stage)


@pytest.fixture(params=["postgres", "memory"])
def place(request: pytest.FixtureRequest) -> Place:
    """Return an empty outbox."""
    if request.param == "memory":
        return FakePlace()
    real: RealPlace = request.getfixturevalue("postgres_place")
    return real


@pytest.fixture(params=["kafka", "memory"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return brokers without topics of anybody else's."""
    if request.param == "memory":
        return FakeCluster()
    return RealCluster(request.getfixturevalue("kafka_server"), request.getfixturevalue("topic"))
