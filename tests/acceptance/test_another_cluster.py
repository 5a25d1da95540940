"""Another PostgreSQL comes to stand below a relay: a dump restored, a standby, an upgrade."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.ledger import Told
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.postgres import fresh_database, new_server
from tests.fixtures.proxy import proxied
from tests.fixtures.relay_process import until
from tests.fixtures.sql import refusal
from tests.fixtures.standby import kill, promote, standby_of, upgradable, upgraded
from tests.fixtures.topics import read_all
from tests.integration.rules.dump import copy_database

IN_FLIGHT = 500  # messages at most
NAMES_THE_CURE = "SELECT tide.outbox_rebase('orders')"
REBASE = "SELECT undelivered FROM tide.outbox_rebase('orders')"
KEPT = "SELECT payload ->> 'key', (payload ->> 'n')::int FROM tide.message"
EPOCH = "SELECT epoch FROM tide.position"
LATE_WRITE = (
    "SELECT tide._commit(1, $1, (SELECT ctid FROM tide.position), '3:900000:', null, 0, 0, 0)"
)
FOLLOWS = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn"


@contextlib.asynccontextmanager
async def operated(url: str, brokers: str) -> AsyncIterator[Operator]:
    """Yield an operator of a database."""
    operator = Operator(url, brokers)
    try:
        yield operator
    finally:
        await operator.close()


@contextlib.asynccontextmanager
async def set_up(server: EmbeddedPostgres, brokers: str) -> AsyncIterator[Operator]:
    """Yield an operator of a server with the schema and the outbox `orders`."""
    await migrate(server.url)
    async with operated(server.url, brokers) as operator:
        await operator.run("SELECT tide.outbox_create('orders')")
        yield operator


async def arrived(operator: Operator, topic: str) -> list[int]:
    """The payloads of a topic, which are numbers, in order."""
    records = await asyncio.to_thread(read_all, operator.brokers, topic)
    return sorted(int(record.value or b"") for record in records)


async def test_yesterdays_dump_goes_on_where_it_was_once_it_is_rebased(
    operator: Operator, relay: StartRelay, topic: TopicFactory, other_cluster: str
) -> None:
    name = topic(2)
    await operator.configure(name)
    first = relay(operator.url)
    for n in range(1, 11):
        await operator.publish(n)
    await operator.delivered()
    await first.stop()
    for n in (11, 12):
        await operator.publish(n)
    with fresh_database(other_cluster) as url:
        await asyncio.to_thread(copy_database, operator.url, url)
        async with operated(url, operator.brokers) as restored:
            second = relay(url)
            await restored.reaches("failed")
            status = await restored.status()
            assert status["last_error"].startswith("foreign_cluster")
            assert 'outbox "orders" was restored into another cluster' in status["last_error"]
            assert NAMES_THE_CURE in status["hint"]
            await restored.publish(13)
            assert await restored.value(REBASE) == 3
            await restored.delivered(seconds=10)  # long before a failed pipeline is tried again
            await restored.publish(14)
            await restored.delivered()
            await second.ready()
            await second.stop()
    assert await arrived(operator, name) == list(range(1, 15))


async def test_a_standby_promoted_without_the_tail_while_a_relay_runs(
    kafka_server: str, relay: StartRelay, topic: TopicFactory
) -> None:
    """Asynchronous streaming is cut, the primary goes on for a while, and is killed."""
    name = topic(4)
    with new_server({"max_connections": "100"}) as primary:
        async with (
            set_up(primary, kafka_server) as operator,
            proxied(primary.url) as (way, through),
        ):
            await operator.configure(name, max_in_flight=IN_FLIGHT, retry_backoff_max_ms=100)
            with standby_of(primary, through) as standby:
                either = f"postgresql://postgres@{at(primary)},{at(standby)}/postgres"
                process = relay(either)
                await process.ready()
                workload = Workload(
                    think=0.002, longest_pause=0.3, through_crashes=True, forgetful=True
                )
                primaries = f"{either}?target_session_attrs=primary"
                async with (
                    operated(standby.url, kafka_server) as survivor,
                    publishing(primaries, workload) as ledger,
                ):
                    await asyncio.sleep(1)  # of load
                    epoch = await operator.value(EPOCH)
                    await follows(survivor, operator)
                    way.stall()
                    await asyncio.sleep(1)  # of load that only the primary sees
                    forgotten = await operator.value("SELECT count(*) FROM app.purchase")
                    await asyncio.to_thread(kill, primary)
                    way.cut()
                    kept = await survivor.value("SELECT count(*) FROM app.purchase")
                    await until(process.problems)
                    promote(standby)
                    await is_primary(survivor)
                    connection = await survivor.connection()
                    late = await refusal(connection, LATE_WRITE, epoch)
                    await until(survivor.holder)
                    await asyncio.sleep(1)  # of load
                assert late.sqlstate == "TD001"
                assert forgotten > kept
                await survivor.delivered()
                await process.ready()
                assert await survivor.value(EPOCH) != epoch
                held = [
                    Told("orders", *row) for row in await (await survivor.connection()).fetch(KEPT)
                ]
                await process.stop()
    assert "foreign_cluster" not in process.log.read_text()
    assert "bug: unexpected" not in process.log.read_text()
    seen = await asyncio.to_thread(delivered, kafka_server, name)
    ledger.forget(held, seen)
    verdict = judge(ledger, seen)
    print(f"{forgotten - kept} transactions forgotten;", verdict)  # noqa: T201 - the figures
    verdict.demand(at_most_duplicates=2 * IN_FLIGHT)


def at(server: EmbeddedPostgres) -> str:
    return f"127.0.0.1:{server.port}"


async def follows(standby: Operator, primary: Operator) -> None:
    """Wait until a standby has all that its primary has now."""
    reached = await primary.value("SELECT pg_current_wal_lsn()::text")
    connection: asyncpg.Connection[asyncpg.Record] = await standby.connection()
    await until(lambda: connection.fetchval(FOLLOWS, reached))


async def is_primary(standby: Operator) -> None:
    async def promoted() -> bool:
        return not await standby.value("SELECT pg_is_in_recovery()")

    await until(promoted)


async def test_after_pg_upgrade_nothing_is_refused_and_the_position_goes_on(
    kafka_server: str, relay: StartRelay, topic: TopicFactory
) -> None:
    """The system identifier is another one, the transaction ids go on."""
    name = topic(2)
    with upgradable() as old:
        async with set_up(old, kafka_server) as operator:
            await operator.configure(name)
            first = relay(old.url)
            for n in range(1, 6):
                await operator.publish(n)
            await operator.delivered()
            await first.stop()
            for n in range(6, 9):
                await operator.publish(n)
            version = await operator.value("SHOW server_version_num")
        with upgraded(old) as new:
            async with operated(new.url, kafka_server) as operator:
                print(version, await operator.value("SHOW server_version_num"))  # noqa: T201
                second = relay(new.url)
                await operator.delivered()
                await operator.publish(9)
                await operator.delivered()
                assert await arrived(operator, name) == list(range(1, 10))
                await operator.run("SELECT tide.consumer_group_create('orders', 'g', 'latest')")
                await operator.run("SELECT tide.consumer_group_seek('orders', 'p', '9')")
                await operator.run("SELECT tide.outbox_sweep('orders')")
                await until(lambda: operator.value("SELECT delivered = 10 FROM tide.relay_status"))
                await second.stop()
    assert await arrived(operator, name) == [*range(1, 10), 9]
