"""Exactly once, while brokers die, forget, and are asked by others: each message is there once."""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.acceptance.conftest import StartRelay
from tests.fixtures.kafka_admin import KafkaAdmin
from tests.fixtures.kafka_server import KafkaServer
from tests.fixtures.kill_points import Deed, program
from tests.fixtures.once import KEPT, NUMBER, dead, demand_once, frozen, more, stopped
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import until
from tests.fixtures.topics import create_topic, read_all
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci

LOAD: dict[str, Any] = {"publishers": 10, "think": 0.01, "longest_pause": 0.3}
QUICK = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "100"}
SHUTDOWN = 2  # seconds
AT_ONCE = 3.0
RESOLVE = "SELECT tide.relay_resolve_transaction('p', $1)"
KNOWN_AS = (
    "SELECT 'pg-tide-' || i.id || '-' || p.group_id FROM tide.installation i, tide.pipeline p"
)


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaServer]:
    """Yield a broker that these tests may stop."""
    try:
        server = KafkaServer(settings=QUICK)
    except UnavailableError as error:
        skip_unless_ci(error)
    with server:
        yield server


@pytest.fixture
async def operator(database: str, kafka: KafkaServer) -> AsyncIterator[Operator]:
    """Yield the operator of a database whose one pipeline produces to that broker."""
    kafka.start()
    one = Operator(database, kafka.brokers)
    await one.run("UPDATE tide.installation SET id = gen_random_uuid()")
    await one.run("SELECT tide.outbox_create('orders')")
    yield one
    await one.close()


@pytest.fixture
async def topic(operator: Operator, request: pytest.FixtureRequest) -> str:
    """Return the topic of that pipeline, which lets it go as soon as it may."""
    name = f"topic-{abs(hash(request.node.nodeid))}"
    await asyncio.to_thread(create_topic, operator.brokers, name, 4)
    await operator.configure(
        name, delivery="exactly_once", retry_backoff_max_ms=300, reconnect_backoff_max_ms=300
    )
    return name


async def test_the_broker_is_killed_in_a_transaction_and_relays_are_stopped_while_it_is_away(
    operator: Operator, topic: str, kafka: KafkaServer, relay: StartRelay
) -> None:
    """Not in a commit: a lone broker that starts again may then leave it half done for ever."""
    point = "inside the transaction"
    hurried = ("--shutdown-timeout", f"{SHUTDOWN}")
    first = relay(operator.url, *hurried, program=program(point, 20, Deed("KILL", kafka.pid)))
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        await until(lambda: dead(kafka.pid))
        kafka.kill()
        await operator.reaches("retrying")
        delivering = await stopped(first)
        assert await operator.value(KEPT) > 0
        waiting = relay(operator.url)
        await until(operator.holder)
        recovering = await stopped(waiting)
        await asyncio.to_thread(kafka.start)
        again = relay(operator.url, program=program(point, 20, Deed("KILL", kafka.pid)))
        await until(lambda: dead(kafka.pid))
        kafka.kill()
        await asyncio.to_thread(kafka.start)
        took = await more(operator)
    await operator.delivered()
    await again.ready()
    await again.stop()
    print(f"stopped within {delivering:.1f} and {recovering:.1f} s, went on after {took:.1f} s")  # noqa: T201 - the figures
    await demand_once(ledger, operator, topic)
    assert delivering < SHUTDOWN + AT_ONCE
    assert recovering < AT_ONCE


async def test_a_relay_frozen_in_a_transaction_for_longer_than_that_may_take(
    operator: Operator, topic: str, relay: StartRelay
) -> None:
    """Brokers have given the transaction up; nobody else runs."""
    await operator.configure(topic, delivery="exactly_once", transaction_timeout_ms=1000)
    process = relay(operator.url, program=program("inside the transaction", 20, Deed("STOP")))
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        await until(lambda: frozen(process))
        await asyncio.sleep(2)
        process.send(signal.SIGCONT)
        await more(operator)
    await operator.delivered()
    await process.ready()
    await process.stop()
    log = process.log.read_text()
    assert "bug: unexpected" not in log
    assert "fenced" in log or "timed_out" in log
    await demand_once(ledger, operator, topic)


@pytest.mark.parametrize("how", ["group", "topic"])
async def test_what_kafka_forgot_an_operator_must_say(
    operator: Operator, topic: str, relay: StartRelay, how: str
) -> None:
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        process = relay(operator.url, program=program("before done", 5))
        assert await process.ended() == -signal.SIGKILL
    if how == "group":
        await asyncio.to_thread(forget_group, operator.brokers, await operator.value(KNOWN_AS))
    else:
        await asyncio.to_thread(KafkaAdmin(operator.brokers).delete_topic, "pg_tide_positions")
    process = relay(operator.url)
    committed = how == "group"
    number, kept = await operator.value(NUMBER), await operator.value(KEPT)
    await asked(operator, number + 1)
    assert "tide.relay_resolve_transaction" in (await operator.status())["hint"]
    await operator.run(RESOLVE, committed)
    if committed and kept > 1:  # the next one was not begun
        await asked(operator, number + 2)
        await operator.run(RESOLVE, False)
    await operator.delivered()
    await process.ready()
    await process.stop()
    if committed:
        await demand_once(ledger, operator, topic)
    else:
        seen = len(await asyncio.to_thread(read_all, operator.brokers, topic))
        assert seen > len(ledger.committed), "sent again"


async def asked(operator: Operator, number: int) -> None:
    """Wait until the pipeline says that it knows nothing of a transaction."""
    words = f"transaction_unknown: whether transaction {number} was committed"

    async def said() -> bool:
        return words in ((await operator.status())["last_error"] or "")

    await until(said, what=lambda: f"not asked of {number}")


def forget_group(brokers: str, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    deadline = time.monotonic() + 20
    while True:
        try:
            admin.delete_consumer_groups([name])[name].result(20)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


async def test_somebody_else_with_the_same_id_is_named(
    operator: Operator, topic: str, relay: StartRelay
) -> None:
    process = relay(operator.url)
    async with publishing(operator.url, Workload(**LOAD)) as ledger:
        await more(operator)
        known_as = await operator.value(KNOWN_AS)
        with fencing(operator.brokers, known_as):
            await operator.reaches("failed")
            status = await operator.status()
        await operator.reaches("running")
    assert "transactional_id_in_use" in status["last_error"]
    assert known_as in status["last_error"]
    assert "transactional_id_prefix" in status["hint"]
    await operator.delivered()
    await process.ready()
    await process.stop()
    await demand_once(ledger, operator, topic)


@contextlib.contextmanager
def fencing(brokers: str, known_as: str) -> Iterator[None]:
    """Have another program take a transactional id, again and again, while the block runs."""
    over = threading.Event()

    def fence() -> None:
        while not over.wait(0.1):
            settings = {"bootstrap.servers": brokers, "transactional.id": known_as, "log_level": 0}
            Producer(settings).init_transactions(10)

    thread = threading.Thread(target=fence, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
