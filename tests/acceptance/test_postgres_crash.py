"""PostgreSQL is killed with commits in memory that were never written: it forgets them.

`PG_TIDE_TEST_ROUNDS=20 .venv/bin/pytest tests/acceptance/test_postgres_crash.py -s --timeout 600`
is the long run.
"""

import asyncio
import os

from pg_tide.migrate import migrate
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.ledger import Told
from tests.fixtures.oracle.publishers import connected, publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.postgres import new_server
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.standby import kill

ROUNDS = int(os.environ.get("PG_TIDE_TEST_ROUNDS", "2"))
IN_FLIGHT = 500  # messages at most
LOAD = 1.0  # seconds
SURVIVORS = "SELECT array(SELECT number FROM app.purchase)"
KEPT = "SELECT payload ->> 'key', (payload ->> 'n')::int FROM tide.message"


async def test_nothing_is_lost_that_postgres_still_has(
    kafka_server: str, relay: StartRelay, topic: TopicFactory
) -> None:
    """Neither publishers nor the relay wait for the disk; all processes are killed at once.

    What was delivered in the last three times wal_writer_delay, 0.6 s, may be repeated too.
    """
    name = topic(4)
    with new_server({"max_connections": "100"}) as server:
        await migrate(server.url)
        operator = Operator(server.url, kafka_server)
        await operator.run("SELECT tide.outbox_create('orders')")
        await operator.configure(name, max_in_flight=IN_FLIGHT, retry_backoff_max_ms=100)
        process = relay(operator.url)
        await process.ready()
        workload = Workload(think=0.002, longest_pause=0.3, through_crashes=True, forgetful=True)
        careless = f"{operator.url}?synchronous_commit=off"
        waits = []
        async with publishing(careless, workload) as ledger:
            for _ in range(ROUNDS):
                await asyncio.sleep(LOAD)
                await asyncio.to_thread(kill, server)
                await until(process.problems)
                await asyncio.to_thread(server.start)
                waits.append(await until(operator.holder))
            await asyncio.sleep(LOAD)
        await operator.delivered()
        await process.ready()
        async with connected(operator.url) as connection:
            survivors = set(await connection.fetchval(SURVIVORS))
            kept = [Told("orders", *row) for row in await connection.fetch(KEPT)]
        await ended_well(process)
        await operator.close()
    seen = await asyncio.to_thread(delivered, kafka_server, name)
    ledger.forget(kept, seen)
    verdict = judge(ledger, seen)
    forgotten = len(ledger.transactions - survivors)
    print(f"{forgotten} transactions forgotten; held again after at most {max(waits):.1f} s")  # noqa: T201
    print(verdict)  # noqa: T201 - the figures
    assert forgotten > 0
    verdict.demand(at_most_duplicates=ROUNDS * IN_FLIGHT)


async def ended_well(process: RelayProcess) -> None:
    await process.stop()
    said = process.log.read_text()
    assert "bug: unexpected" not in said
    assert "foreign_cluster" not in said
