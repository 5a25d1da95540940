"""A relay with nothing to do asks little and writes nothing, and wakes at once for a message."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from pg_tide.migrate import migrate
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.postgres import new_server
from tests.fixtures.relay_process import until
from tests.fixtures.tail import Tail

# Nothing but the relay may write.
QUIET = {
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1d",
}
WATCHED = 5.0  # seconds, with ten heartbeats in them
OTHERS = 30  # pipelines
FEW = 40  # transactions while it is watched, however many pipelines there are
LOOKS = 20  # more, each second, where publishers may not notify
COUNT = (
    "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
)
TOLD = "SELECT count(*) = 1 FROM tide.kafka_partition_status"
ALL_IDLE = "SELECT bool_and(state = 'idle') FROM tide.relay_status"
ASLEEP = "SELECT pg_sequence_last_value(wake_sequence) > 0 FROM tide.outbox"


@pytest.fixture(params=["0", "10"], ids=["notified", "polling"])
async def operator(kafka_server: str, request: pytest.FixtureRequest) -> AsyncIterator[Operator]:
    """Yield the operator of a server of its own, with and without prepared transactions."""
    with new_server({**QUIET, "max_prepared_transactions": request.param}) as started:
        await migrate(started.url)
        one = Operator(started.url, kafka_server)
        await one.run("SELECT tide.outbox_create('orders')")
        await one.run("VACUUM")  # else whoever first reads a page that migrating left tidies it up
        yield one
        await one.close()


async def written(operator: Operator) -> dict[str, object]:
    """Where the WAL and the transaction ids are."""
    return await operator.row(
        "SELECT pg_current_wal_insert_lsn()::text AS wal,"
        " pg_snapshot_xmax(pg_current_snapshot())::text AS next_xid"
    )


async def test_idle_pipelines_ask_little_and_write_nothing(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.configure(name)
    for other in map(str, range(OTHERS)):
        await operator.run("SELECT tide.outbox_create($1)", other)
        await operator.configure(name, pipeline=other, outbox=other)
    process = relay(operator.url)
    async with Tail(operator.brokers, name) as tail:
        await operator.publish({"n": 1})
        await tail.first(1)
    await operator.delivered()
    await until(lambda: operator.value(ALL_IDLE))
    await until(lambda: operator.value(TOLD))  # what the partition got: the last there is to say
    await settled(operator)
    is_notified = await operator.value("SHOW max_prepared_transactions") == "0"
    most = FEW + (0 if is_notified else LOOKS * WATCHED)

    async def few() -> bool:
        """Whether few are counted: an idle session tells of its last ones ten seconds later."""
        before, count = await written(operator), await operator.value(COUNT)
        await asyncio.sleep(WATCHED)
        assert await written(operator) == before
        asked: int = await operator.value(COUNT) - count
        return 0 < asked < most

    await until(few)
    assert await process.problems() == {}
    await process.stop()


async def settled(operator: Operator) -> None:
    """Wait until a second passed in which nothing was written: the relay fell asleep."""
    last = await written(operator)

    async def quiet() -> bool:
        nonlocal last
        before = last
        await asyncio.sleep(1.5)
        last = await written(operator)
        return last == before

    await until(quiet)


@pytest.mark.alone
async def test_a_message_wakes_a_relay_that_fell_asleep(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.configure(name)
    process = relay(operator.url)
    await process.ready()
    waits = []
    async with Tail(operator.brokers, name) as tail:
        for n in range(1, 4):
            await settled(operator)
            if await operator.value("SHOW max_prepared_transactions") == "0":
                assert await operator.value(ASLEEP)
            await operator.publish({"n": n})
            committed = time.time()
            waits.append((await tail.first(n))[-1].at - committed)
    print([f"{wait * 1000:.0f} ms" for wait in waits])  # noqa: T201 - the figures
    assert max(waits) < 0.2
    await process.stop()
