"""A relay freezes, or is cut off: another takes over, and the first does no harm when it wakes."""

import asyncio
import json
import signal
import time
from collections import Counter

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.proxy import proxied
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.topics import Consumed, read_all

TAKE_OVER = 15.0  # seconds
BACKLOG = 60_000
BATCH = 100  # records that the Kafka client holds at most, of one partition
IN_FLIGHT = 500
PUBLISH = """
SELECT tide.outbox_publish_many('orders', array_agg(to_jsonb(n)))
FROM generate_series($1::int, $2::int) n
"""
DELIVERED = "SELECT delivered FROM tide.position"
EPOCH = "SELECT epoch::text FROM tide.position"
RELAYS = "SELECT count(*) FROM tide.relay_processes"
END_LOCKS = "SELECT pg_terminate_backend(backend_pid) FROM tide.relay_processes"
LOST = "the lock connection was lost"


async def another_holds(operator: Operator, before: str | None) -> float:
    """Wait until another relay has the pipeline; how long that took."""

    async def another() -> bool:
        return await operator.holder() not in {None, before}

    return await until(another, TAKE_OVER + 10)


async def all_delivered(operator: Operator, count: int) -> None:
    """Wait until the position has passed so many messages."""

    async def passed() -> bool:
        return bool(await operator.value(DELIVERED) >= count)

    await until(passed, 60)


async def test_a_relay_that_wakes_after_losing_its_pipelines_does_no_harm(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """It writes no position, takes no message, and repeats what its Kafka client had at most."""
    name = topic(1, {"message.timestamp.type": "LogAppendTime"})
    await operator.configure(name, batch_size=BATCH, max_in_flight=5000)
    frozen = relay(operator.url)
    await until(operator.holder)
    other = relay(operator.url)
    await other.ready()
    before = await operator.holder()
    await operator.run(PUBLISH, 1, BACKLOG)
    await all_delivered(operator, 2000)
    frozen.send(signal.SIGSTOP)
    took = await another_holds(operator, before)
    print(f"taken over after {took:.2f} s")  # noqa: T201 - the figure
    await all_delivered(operator, BACKLOG)
    epoch = await operator.value(EPOCH)

    woken = time.time() * 1000
    frozen.send(signal.SIGCONT)
    for step in range(10):
        first = BACKLOG + step * 100
        await operator.run(PUBLISH, first + 1, first + 100)
        await asyncio.sleep(0.05)
    await registered_again(operator, frozen)
    await all_delivered(operator, BACKLOG + 1000)
    assert await operator.value(EPOCH) == epoch
    for process in (frozen, other):
        await process.stop()
    assert await operator.value(DELIVERED) == BACKLOG + 1000, "each is counted once"
    records = await asyncio.to_thread(read_all, operator.brokers, name)
    late = repeats(records, woken)
    print(f"{len(records) - BACKLOG - 1000} repeats, {len(late)} of them late")  # noqa: T201
    assert {value(record) for record in records} == set(range(1, BACKLOG + 1001))
    assert len(late) <= BATCH
    assert max(map(value, late), default=0) <= BACKLOG, "it had read no later ones"
    assert took < TAKE_OVER


async def registered_again(operator: Operator, process: RelayProcess) -> None:
    """Wait until a relay has noticed what it lost, and both relays are there."""

    async def both() -> bool:
        return LOST in process.log.read_text() and await operator.value(RELAYS) == 2

    await until(both)


def value(record: Consumed) -> int:
    return int(json.loads(record.value or b"0"))


def repeats(records: list[Consumed], since_ms: float) -> list[Consumed]:
    """The records that were there already, of those that came since then."""
    times: Counter[int] = Counter()
    found = []
    for record in records:
        times[value(record)] += 1
        if record.timestamp >= since_ms and times[value(record)] > 1:
            found.append(record)
    return found


async def test_a_relay_that_is_cut_off_is_replaced(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """Silence, not a reset: neither side is told. It says of itself that it sees nothing."""
    name = topic(4)
    await operator.configure(name, max_in_flight=IN_FLIGHT)
    async with proxied(operator.url) as (proxy, url):
        cut_off = relay(url)
        await until(operator.holder)
        workload = Workload(think=0.005, longest_pause=0.3)
        async with publishing(operator.url, workload) as ledger:
            before = await operator.value(EPOCH)
            await operator.run(END_LOCKS)
            await until(lambda: taken_anew(operator, before))
            other = relay(operator.url)
            await other.ready()
            holder = await operator.holder()
            proxy.stall()
            took = await another_holds(operator, holder)
            print(f"taken over after {took:.2f} s")  # noqa: T201 - the figure
            await until(cut_off.problems)
            epoch = await operator.value(EPOCH)
            await proxy.heal()
            await registered_again(operator, cut_off)
        await operator.delivered()
        assert await operator.value(EPOCH) == epoch
        for process in (cut_off, other):
            await process.stop()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    verdict.demand(at_most_duplicates=2 * IN_FLIGHT)
    assert took < TAKE_OVER


async def taken_anew(operator: Operator, before: str) -> bool:
    return bool(await operator.value(EPOCH) != before and await operator.holder())


async def test_an_operator_in_the_way_is_named_and_waited_for(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """Nobody's uncommitted seek is ended; it holds when it is committed."""
    await operator.configure(topic())
    await operator.publish(1)
    session = await operator.connection()
    watcher = Operator(operator.url, operator.brokers)
    await session.execute("BEGIN")
    await session.execute("SELECT tide.consumer_group_seek('orders', 'p', 'latest')")
    process = relay(operator.url)
    await watcher.reaches("retrying")
    status = await watcher.status()
    assert f"position_locked: {words(session.get_server_pid())}" in status["last_error"]
    assert "COMMIT or ROLLBACK" in status["hint"]
    assert "position_locked" in (await process.problems())["p"]
    await session.execute("COMMIT")
    await watcher.reaches("idle")
    assert (await watcher.status())["delivered"] == 0, "it went on from there"
    await watcher.close()


def words(pid: int) -> str:
    return f"the position of the consumer group is locked by session {pid} ("
