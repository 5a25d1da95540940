"""PostgreSQL without room: publishers are refused by it, the relay waits, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.ledger import Ledger
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.postgres import database_url, new_server
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.small_disk import SmallDisk, small_disk
from tests.fixtures.unavailable import UnavailableError

DATA_MB, WAL_MB, ENOUGH_MB = 40, 64, 400
IN_FLIGHT = 300  # messages at most
LETTERS = 300
# Rows are not compressed, and what a failed statement took stays taken.
FILL = "INSERT INTO filler SELECT repeat(n::text, 2000)::text FROM generate_series(1, 100000) n"
POISON = """
SELECT count(tide.outbox_publish('spoiled', jsonb_build_object('n', n)))
FROM generate_series(1, $1) n
"""


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """Yield a disk for data, or for the write-ahead log."""
    try:
        with small_disk(DATA_MB) as made:
            yield made
    except UnavailableError as error:
        pytest.skip(f"no disk can be mounted here: {error}")


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Yield a PostgreSQL that does not tidy up by itself."""
    with new_server({"autovacuum": "off", "max_connections": "60"}) as started:
        yield started


@pytest.fixture
async def operator(server: EmbeddedPostgres, kafka_server: str) -> AsyncIterator[Operator]:
    """Yield an operator of that server; the test says of which database."""
    one = Operator(server.url, kafka_server)
    yield one
    await one.close()


async def test_no_room_for_data(
    operator: Operator,
    server: EmbeddedPostgres,
    disk: SmallDisk,
    relay: StartRelay,
    topic: TopicFactory,
) -> None:
    name = topic(4)
    place = disk.give_to(server.data, "tables")
    await operator.run(f"CREATE TABLESPACE small LOCATION '{place}'")
    await operator.run("CREATE DATABASE small TABLESPACE small")
    await operator.close()
    operator.url = database_url(server.url, "small")
    await prepare(operator, name)
    process = relay(operator.url)
    await process.ready()
    workload = Workload(publishers=10, longest_pause=0.3, through_full_disk=True)
    async with publishing(operator.url, workload) as ledger:
        await until(lambda: more_delivered(operator, 0))
        await spoil(operator)
        with pytest.raises(asyncpg.DiskFullError):
            await operator.run(FILL)
        await until(lambda: refused(ledger), 30)
        before = (await operator.status())["delivered"]
        await operator.run("SELECT tide.relay_enable('spoiled')")
        await until(lambda: waits_for_room(process, "spoiled"))  # SQL may have no room for it
        assert (await operator.status("spoiled"))["dead_letters"] == 0
        disk.grow(ENOUGH_MB)
        await until(lambda: more_delivered(operator, before + 200))
    await all_delivered(operator, process, ledger, name)
    await operator.delivered("spoiled")
    assert (await operator.status("spoiled"))["dead_letters"] == LETTERS


async def test_no_room_for_the_write_ahead_log(
    operator: Operator,
    server: EmbeddedPostgres,
    disk: SmallDisk,
    relay: StartRelay,
    topic: TopicFactory,
) -> None:
    """PostgreSQL ends there, and comes up again when there is room."""
    name = topic(4)
    await prepare(operator, name)
    await operator.run("SELECT pg_create_physical_replication_slot('keeps_everything', true)")
    await operator.close()
    server.stop()
    disk.grow(WAL_MB)
    disk.move_here(server.data / "pg_wal")
    server.start()
    process = relay(operator.url)
    await process.ready()
    workload = Workload(publishers=10, longest_pause=0.3, through_crashes=True)
    async with publishing(operator.url, workload) as ledger:
        await until(lambda: more_delivered(operator, 0))
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await operator.run(FILL)
        await until(lambda: says(server, "No space left on device"))
        await until(process.problems)
        disk.grow(ENOUGH_MB)
        server.crash()
        server.start()
        await until(operator.holder)
        before = (await operator.status())["delivered"]
        await until(lambda: more_delivered(operator, before + 200))
    await all_delivered(operator, process, ledger, name, at_most=IN_FLIGHT)


async def prepare(operator: Operator, topic: str) -> None:
    """Install the schema, with a pipeline and a table that fills the disk."""
    await migrate(operator.url)
    await operator.run("CREATE TABLE filler (text text)")
    await operator.run("ALTER TABLE filler ALTER text SET STORAGE external")
    await operator.run("SELECT tide.outbox_create('orders')")
    await operator.configure(topic, max_in_flight=IN_FLIGHT, retry_backoff_max_ms=200)


async def spoil(operator: Operator) -> None:
    """Publish what can only go to the dead letters, and not yet: its pipeline is disabled."""
    skip: dict[str, Any] = {"dead_letter__policy": "skip", "dead_letter__max_per_minute": 0}
    await operator.run("SELECT tide.outbox_create('spoiled')")
    await operator.configure("{payload.to}", pipeline="spoiled", outbox="spoiled", **skip)
    await operator.run("SELECT tide.relay_disable('spoiled')")
    await operator.run(POISON, LETTERS)


async def all_delivered(
    operator: Operator, process: RelayProcess, ledger: Ledger, topic: str, at_most: int = 0
) -> None:
    await operator.delivered()
    await process.stop()
    assert "unexpected error" not in process.log.read_text()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, topic))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    verdict.demand(at_most_duplicates=at_most)


async def refused(ledger: Ledger) -> bool:
    """Whether publishers were."""
    return ledger.refused > 0


async def waits_for_room(process: RelayProcess, pipeline: str) -> bool:
    problem = (await process.problems()).get(pipeline, "")
    return problem.startswith("retrying: out_of_resources: ")


async def more_delivered(operator: Operator, than: int) -> bool:
    return bool((await operator.status())["delivered"] > than)


async def says(server: EmbeddedPostgres, words: str) -> bool:
    return words in server.log.read_text(errors="replace")
