"""Connections to a test's own database, closed when it ends."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.fixtures.sql import Connect, Connection


@pytest.fixture
async def connect(database: str) -> AsyncIterator[Connect]:
    """Yield a function that opens a superuser's connection."""
    opened: list[Connection] = []

    async def open_another() -> Connection:
        opened.append(await asyncpg.connect(database, command_timeout=20))
        return opened[-1]

    yield open_another
    for connection in opened:
        await connection.close(timeout=5)


@pytest.fixture
async def db(connect: Connect) -> Connection:
    """Return a superuser's connection."""
    return await connect()
