"""The relay ends as it is told, goes on where it was, and says in one line why it cannot start."""

import asyncio
import signal
import socket

from pg_tide.demo.ports import free_port
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.relay_process import RelayProcess

ENVIRONMENT = 3  # exit code


async def test_stopped_and_started_under_load_it_repeats_nothing(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name)
    async with publishing(operator.url, Workload(think=0.002, longest_pause=0.3)) as ledger:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            process = relay(operator.url)
            await process.ready()
            await asyncio.sleep(1)  # of load
            process.send(number)
            assert await process.ended(10) == 0
            assert await operator.state() == "not owned"
    process = relay(operator.url)
    await operator.delivered()
    await process.stop()
    verdict = judge(ledger, await asyncio.to_thread(delivered, operator.brokers, name))
    print(verdict)  # noqa: T201 - pytest shows it when the test fails
    verdict.demand()


async def refusal(process: RelayProcess) -> str:
    """What it says when it cannot start: one line, perhaps with a hint, and no traceback."""
    assert await process.ended(30) == ENVIRONMENT
    said = process.log.read_text()
    lines = [line for line in said.splitlines() if not line.startswith("  hint: ")]
    assert len(lines) == 1, said
    return said


async def test_postgres_unreachable_at_start(relay: StartRelay) -> None:
    nowhere = f"postgresql://postgres:s3cret@127.0.0.1:{free_port()}/postgres"
    said = await refusal(relay(nowhere))
    assert "PostgreSQL" in said
    assert "refused" in said.lower()
    assert "s3cret" not in said


async def test_schema_missing(relay: StartRelay, empty_database: str) -> None:
    said = await refusal(relay(empty_database))
    assert "schema tide is not installed" in said
    assert "pg-tide migrate" in said


async def test_schema_newer_than_the_program(operator: Operator, relay: StartRelay) -> None:
    await operator.run("INSERT INTO tide.migration (number, name) VALUES (9999, 'tomorrow')")
    said = await refusal(relay(operator.url))
    assert "newer" in said
    assert "migration 9999" in said


async def test_http_port_busy(operator: Operator, relay: StartRelay) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        said = await refusal(relay(operator.url, http=port))
    assert f"127.0.0.1:{port}" in said
    assert "--http" in said


async def test_a_login_that_is_refused(operator: Operator, relay: StartRelay) -> None:
    said = await refusal(relay(operator.url.replace("//postgres@", "//nobody-of-that-name@")))
    assert "nobody-of-that-name" in said
