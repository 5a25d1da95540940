"""What every test of the process starts from: an operator, and relays that end with the test."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import RelayProcess

PG_TIDE = ("-m", "pg_tide")


class StartRelay(Protocol):
    """Starts a relay on a database."""

    def __call__(
        self, url: str, *arguments: str, http: int = 0, program: Sequence[str] = PG_TIDE
    ) -> RelayProcess: ...


@pytest.fixture
async def operator(database: str, kafka_server: str) -> AsyncIterator[Operator]:
    """Yield an operator of the test's own database, with one outbox, `orders`."""
    one = Operator(database, kafka_server)
    # A copy of a database shares its transactional ids, which no two may use at one Kafka.
    await one.run("UPDATE tide.installation SET id = gen_random_uuid()")
    await one.run("SELECT tide.outbox_create('orders')")
    yield one
    await one.close()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[StartRelay]:
    """Yield a function that starts a relay; its log is shown if the test fails."""
    started: list[RelayProcess] = []

    def start(
        url: str, *arguments: str, http: int = 0, program: Sequence[str] = PG_TIDE
    ) -> RelayProcess:
        log = tmp_path / f"relay-{len(started)}.log"
        started.append(RelayProcess(url, log, *arguments, http=http, program=program))
        return started[-1].start()

    yield start
    for process in started:
        process.close()
        print(process.words)  # noqa: T201 - pytest shows it when the test fails
