"""What the demo makes in a database, and takes away again from one that is not its own."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pg_tide.demo.names import Names
from pg_tide.errors import PgTideError, StartError
from pg_tide.migrate import Schema, applied_to, migrate
from pg_tide.postgres import Connection, connect

_RETENTION_HOURS = "0.25"
_CLEAR_SECONDS = 20.0
_SWEEPS = 20
_LOCK_TIMEOUT = "SET lock_timeout = '2s'"  # somebody may have a transaction open
_ROLES = r"SELECT rolname FROM pg_roles WHERE rolname LIKE 'tide\_%'"
_TAKEN = """
SELECT 'outbox ' || name AS what FROM tide.outbox WHERE name = $1
UNION ALL SELECT 'pipeline ' || pipeline FROM tide.relay_status WHERE pipeline = $2
UNION ALL SELECT 'table ' || $3 WHERE to_regclass($3) IS NOT NULL
"""

Say = Callable[[str], None]
Undoing = Callable[[Connection], Awaitable[Any]]


class Database:
    """The schema, an outbox, a table of orders and a pipeline, in the database at `url`."""

    def __init__(self, url: str, names: Names) -> None:
        self._url = url
        self._names = names
        self._undo: list[tuple[str, Undoing]] = []
        self.installed = False

    @contextlib.asynccontextmanager
    async def prepared(self, brokers: str, say: Say, *, own: bool) -> AsyncIterator[None]:
        """Make everything; afterwards remove it, unless the server goes anyway (`own`).

        `say` is told what could not be removed. Raises StartError where something of these names
        is there already, and for a schema that is not this program's version.
        """
        connection = await connect(self._url, application_name="pg-tide demo")
        try:
            await self._install(connection)
            async with connection.transaction():
                await self._refuse_what_is_there(connection)
                self._undo.append(("table " + self._names.table, self._drop_table))
                self._undo.append(("outbox " + self._names.outbox, self._drop_outbox))
                await self._make(connection, brokers)
            await connection.close()
            yield
        finally:
            await connection.close()
            if not own:
                await self._clear(say)

    async def _install(self, connection: Connection) -> None:
        applied = await applied_to(connection)
        if applied is not None:
            Schema().verdict(applied)
            return
        roles = {row["rolname"] for row in await connection.rows(_ROLES)}
        self.installed = True
        self._undo.append(("roles", lambda found: _drop_roles(found, roles)))
        self._undo.append(("schema tide", _drop_schema))
        await migrate(self._url)

    async def _refuse_what_is_there(self, connection: Connection) -> None:
        names = self._names
        rows = await connection.rows(_TAKEN, names.outbox, names.pipeline, names.table)
        if rows:
            raise StartError(
                f"{', '.join(row['what'] for row in rows)}: there already, and not this demo's",
                hint="Another demo runs here, or was killed. If so: "
                f"SELECT tide.outbox_drop('{names.outbox}', if_exists => true, force => true); "
                f"DROP TABLE IF EXISTS {names.table};",
            )

    async def _make(self, connection: Connection, brokers: str) -> None:
        names = self._names
        await connection.script(
            f"CREATE TABLE {names.table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " customer text NOT NULL, item text NOT NULL DEFAULT 'teapot',"
            " total numeric NOT NULL DEFAULT 24, status text NOT NULL DEFAULT 'created');"
            f"SELECT tide.outbox_create('{names.outbox}', retention_hours => {_RETENTION_HOURS})"
        )
        await connection.value(
            "SELECT tide.relay_set_outbox($1, $2, $1, jsonb_build_object('sink_type', 'kafka',"
            " 'brokers', $3::text, 'topic', $4::text, 'relay_group', $5::text))",
            *(names.pipeline, names.outbox, brokers, names.topic, names.relay_group),
        )

    async def _clear(self, say: Say) -> None:
        """Undo what was done, the last first, each try on a connection of its own."""
        deadline = time.monotonic() + _CLEAR_SECONDS
        for what, undo in reversed(self._undo):
            problem = await self._tried(undo, deadline)
            if problem is not None:
                say(f"{what} was left behind: {problem}")

    async def _tried(self, undo: Undoing, deadline: float) -> str | None:
        """Try until it works or time is up; then why it does not."""
        while True:
            try:
                connection = await connect(self._url, application_name="pg-tide demo")
                try:
                    await connection.script(_LOCK_TIMEOUT)
                    await undo(connection)
                finally:
                    await connection.close()
            except PgTideError as error:
                if time.monotonic() > deadline:
                    return error.message
                await asyncio.sleep(0.5)
            else:
                return None

    async def _drop_outbox(self, connection: Connection) -> None:
        sql = "SELECT tide.outbox_drop($1, if_exists => true, force => true)"
        await connection.value(sql, self._names.outbox)
        # Its empty ring is what the next sweep of any relay would remove, if there is one.
        for _ in range(_SWEEPS):
            if await connection.value("SELECT tide._drop_empty_rings()"):
                return
            await asyncio.sleep(0.1)

    async def _drop_table(self, connection: Connection) -> None:
        await connection.script(f"DROP TABLE IF EXISTS {self._names.table}")


async def _drop_schema(connection: Connection) -> None:
    """Drop the schema that we installed, unless somebody else uses it by now."""
    if await connection.value("SELECT to_regclass('tide.outbox')") is not None:
        used = await connection.value("SELECT EXISTS (SELECT FROM tide.outbox)")
        if used:
            raise PgTideError("it holds outboxes that are not the demo's")
    await connection.script("DROP SCHEMA IF EXISTS tide CASCADE")


async def _drop_roles(connection: Connection, before: set[str]) -> None:
    """Drop the roles that came with the schema, but for those that another database uses."""
    for row in await connection.rows(_ROLES):
        if row["rolname"] not in before:
            with contextlib.suppress(PgTideError):
                await connection.script(f"DROP ROLE {row['rolname']}")
