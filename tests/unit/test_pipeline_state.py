"""What the metrics say of a pipeline's state is what it says of itself."""

from pg_tide.errors import TransientError
from pg_tide.metrics import STATES
from pg_tide.wakeup import Sleeper
from tests.fixtures.memory_relay import Deaf, a_lease
from tests.unit.test_pipeline import Path, goes_on, running, until


def idle(path: Path) -> float | None:
    """Whether the metrics call it idle."""
    assert "idle" in STATES
    labels = {"pipeline": "p", "outbox": "orders", "state": "idle"}
    return path.metrics.registry.get_sample_value("pg_tide_pipeline_state", labels)


async def test_one_that_waits_for_kafka_is_not_idle_for_want_of_new_messages() -> None:
    """It is about to be told that Kafka is silent: an alert must not see that come and go."""
    path = Path()
    path.publish(1)
    path.kafka.answering.clear()
    async with running(path):
        await until(lambda: path.producer.unfinished == 1)
        await goes_on()
        assert not idle(path)
        path.kafka.answering.set()
        await until(lambda: bool(idle(path)))


class Silent(Deaf):
    """Rings nobody."""

    async def look_often(self, sleeper: Sleeper) -> None:
        await sleeper.rung.wait()


async def test_one_that_sleeps_tells_that_kafka_is_there_again() -> None:
    """Nothing is published that would wake it."""
    path = Path(retry_backoff_ms=10)
    path.pipeline.sleeper = Sleeper(Silent(), 1, a_lease())
    async with running(path):
        await until(lambda: bool(idle(path)))
        path.producer.fail(TransientError("away", reason="kafka_unreachable"))
        await until(lambda: path.conditions[-1].state == "retrying")
        await until(lambda: path.conditions[-1].well)
