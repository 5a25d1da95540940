"""The stage for each test, on a fresh database; and one on a server that the test may crash."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate
from tests.fixtures.postgres import (
    create_database,
    database_url,
    fresh_database,
    new_server,
)
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci
from tests.integration.rules.stage import SET_UP, Gate, Stage, staged

_TEMPLATE = "pg_tide_template"
# What commits asynchronously stays in memory alone, until somebody commits otherwise.
_FORGETFUL = {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    """Yield a stage with nothing published yet."""
    async with staged(database) as stage:
        await stage.db.execute(SET_UP)
        yield stage


@pytest.fixture
async def gate(stage: Stage) -> Gate:
    """Return a gate, which is open."""
    return Gate(await stage.connect())


@pytest.fixture(scope="session")
def own_server() -> Iterator[EmbeddedPostgres]:
    """Yield a server of another cluster, which a test may crash and start again."""
    try:
        server = new_server(_FORGETFUL)
    except UnavailableError as error:
        skip_unless_ci(error)
    with server:
        yield server


@pytest.fixture
async def own_template(own_server: EmbeddedPostgres) -> str:
    """Return the name of a database with the schema on that server, only ever to be copied."""
    own_server.start()
    connection = await asyncpg.connect(own_server.url)
    there = await connection.fetchval("select 1 from pg_database where datname = $1", _TEMPLATE)
    await connection.close()
    if there is None:
        create_database(own_server.url, _TEMPLATE)
        await migrate(database_url(own_server.url, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
async def own_stage(own_server: EmbeddedPostgres, own_template: str) -> AsyncIterator[Stage]:
    """Yield a stage on that server; connections of a server that crashed are of no more use."""
    with fresh_database(own_server.url, own_template) as url:
        async with staged(url) as stage:
            await stage.db.execute(SET_UP)
            yield stage
            own_server.start()
