"""The door to PostgreSQL: connections, short transactions, and every error of theirs as ours.

Every transaction says READ COMMITTED itself, whatever the role's default is, and bounds the time
it may idle: a relay frozen inside one would hold its row locks for ever.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

import asyncpg

from pg_tide.errors import ConfigurationError, FatalError, LeaseLost, PgTideError, TransientError

BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED{mode};"
    "SET LOCAL idle_in_transaction_session_timeout = '10s'"
)
COMMAND_TIMEOUT = 60.0  # seconds; a server that hangs longer is treated as away
POOL_SIZE = 10
PATIENCE = "100ms"  # for the locks of statements that may as well be tried later

# SQLSTATEs, or their first two characters. Whatever is not here is a FatalError with its own name.
TRANSIENT = {
    "08": "connection_lost",
    "25006": "standby",  # read_only_sql_transaction
    "25P03": "connection_lost",  # idle_in_transaction_session_timeout
    "40": "conflict",
    "53": "out_of_resources",
    "55P03": "locked",
    "57014": "timeout",
    "57P01": "connection_lost",
    "57P02": "connection_lost",
    "57P03": "starting_up",
    "57P05": "connection_lost",
    "58": "io_error",
}
FATAL = {
    "28": ("login_failed", "Check user, password and pg_hba.conf."),
    "3D000": ("no_database", "Create the database, or correct the name in the URL."),
    "3F000": ("schema_missing", 'Run "pg-tide migrate".'),
    "42501": (
        "not_permitted",
        "Give the user of the URL that right: a relay needs role tide_relay, migrate needs CREATE.",
    ),
    "42883": ("schema_older", 'Run "pg-tide migrate".'),
    "42P01": ("schema_missing", 'Run "pg-tide migrate".'),
    "TD002": ("foreign_cluster", None),
}


def ours(error: BaseException) -> PgTideError | None:
    """The error of ours that an error of asyncpg's or of the network stands for."""
    if isinstance(error, asyncpg.PostgresError):
        return _of_server(error)
    if isinstance(error, OSError | TimeoutError):
        return TransientError(f"PostgreSQL: {_words(error)}", reason="connection_lost")
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return TransientError(f"PostgreSQL: {error}", reason="connection_lost")
    return None


def _words(error: OSError) -> str:
    """What the system says: asyncio hides "Connection refused" behind an error's number."""
    said = error.strerror or str(error) or "timed out"
    meant = os.strerror(error.errno) if error.errno else said
    return said if meant == said else f"{meant}: {said}"


def _of_server(error: asyncpg.PostgresError) -> PgTideError:
    state = error.sqlstate or ""
    text = f"PostgreSQL: {error.args[0] if error.args else type(error).__name__}"
    hint = getattr(error, "hint", None)
    if state == "TD001":
        return LeaseLost(text, hint=hint)
    for key in (state, state[:2]):
        if key in TRANSIENT:
            return TransientError(text, reason=TRANSIENT[key], hint=hint)
        if key in FATAL:
            reason, advice = FATAL[key]
            return FatalError(text, reason=reason, hint=hint or advice)
    return FatalError(f"{text} ({type(error).__name__}, {state})", reason="postgres", hint=hint)


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Raise foreign errors as ours."""
    try:
        yield
    except PgTideError:
        raise
    except Exception as error:
        known = ours(error)
        if known is None:
            raise
        raise known from error


class Connection:
    """One connection, or one transaction on it."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        """Every row of a query."""
        with mapped():
            found: list[Any] = await self._raw.fetch(sql, *values)
            return found

    async def row(self, sql: str, *values: Any) -> Any:
        """The first row of a query, or None."""
        with mapped():
            return await self._raw.fetchrow(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row of a query."""
        with mapped():
            return await self._raw.fetchval(sql, *values)

    async def script(self, sql: str) -> None:
        """Run statements without values, in one round trip."""
        with mapped():
            await self._raw.execute(sql)

    @contextlib.asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> AsyncIterator[Self]:
        """A READ COMMITTED transaction, rolled back when the block raises."""
        try:
            await self.script(BEGIN.format(mode=" READ ONLY" if read_only else ""))
            yield self
            await self.script("COMMIT")
        except BaseException as error:
            await self._give_up(error)
            raise

    async def at_once(self, statement: str) -> None:
        """Run a statement without values as a READ COMMITTED transaction, in one round trip.

        A process that freezes meanwhile leaves no lock held, and it waits for none for long.
        """
        try:
            limit = f"SET LOCAL lock_timeout = '{PATIENCE}'"
            await self.script(f"{BEGIN.format(mode='')};{limit};{statement};COMMIT")
        except BaseException as error:
            await self._give_up(error)
            raise

    async def _give_up(self, error: BaseException) -> None:
        """Roll back, or hang up: when cancelled in a statement, or when nobody may answer."""
        silent = isinstance(error, TransientError) and error.reason == "connection_lost"
        if silent or not isinstance(error, Exception):
            self._hang_up()
            return
        try:
            await self.script("ROLLBACK")
        except PgTideError:
            self._hang_up()  # a transaction may be open still
        except BaseException:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        """End a connection that is of no more use; one that the server ended is no error."""
        with contextlib.suppress(asyncpg.InterfaceError):
            self._raw.terminate()

    async def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Call `heard` with the payload of each notification on a channel."""
        with mapped():
            await self._raw.add_listener(channel, lambda *notice: heard(notice[3]))

    def on_notice(self, said: Callable[[str], None]) -> None:
        """Call `said` with each warning of the server."""

        def tell(_: Any, notice: Any) -> None:
            if notice.severity_en == "WARNING":
                said(f"{notice.message}. {notice.hint or ''}".strip())

        self._raw.add_log_listener(tell)

    def on_close(self, closed: Callable[[], None]) -> None:
        """Call `closed` when the connection ends, whoever ended it."""
        self._raw.add_termination_listener(lambda _: closed())

    @property
    def server_version(self) -> int:
        """The server's major version."""
        return int(self._raw.get_server_version().major)

    async def close(self) -> None:
        """Say goodbye, or hang up when the server does not answer."""
        with contextlib.suppress(Exception):
            await self._raw.close(timeout=2)
        if not self._raw.is_closed():
            self._raw.terminate()


async def connect(url: str, *, application_name: str = "pg-tide") -> Connection:
    """Open a connection of its own, outside any pool."""
    with mapped(), _legible(url):
        return Connection(
            await asyncpg.connect(
                url,
                command_timeout=COMMAND_TIMEOUT,
                timeout=10,
                server_settings={"application_name": application_name},
            )
        )


@contextlib.contextmanager
def _legible(url: str) -> Iterator[None]:
    """A URL that cannot be read is the user's mistake; its text may hold a password."""
    try:
        yield
    except (ValueError, asyncpg.InterfaceError) as error:
        if isinstance(error, asyncpg.PostgresError) or url.startswith(
            ("postgresql://", "postgres://")
        ):
            raise
        raise ConfigurationError(
            "the PostgreSQL URL cannot be read",
            hint="Write it as postgresql://user@host:5432/database.",
        ) from None


async def _as_it_was(_: Any) -> None:
    """Pooled connections hold no session state, so there is nothing to reset."""


class Postgres:
    """A pool of connections for short transactions; none of them holds session state.

    `pooled` says that a pooler in transaction mode may stand in between: statements are then
    not kept prepared.
    """

    def __init__(self, url: str, *, pooled: bool = False) -> None:
        self.url = url
        self._pool: Any = None
        self._expiring: set[asyncio.Future[None]] = set()
        self._cache = 0 if pooled else 100

    async def open(self) -> None:
        """Make the pool; raises when the first connection cannot be had."""
        with mapped(), _legible(self.url):
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=1,
                max_size=POOL_SIZE,
                statement_cache_size=self._cache,
                command_timeout=COMMAND_TIMEOUT,
                timeout=10,
                max_inactive_connection_lifetime=60,
                reset=_as_it_was,
                server_settings={"application_name": "pg-tide"},
            )

    @contextlib.asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> AsyncIterator[Connection]:
        """A transaction on any connection of the pool."""
        async with (
            self._connection() as connection,
            connection.transaction(read_only=read_only),
        ):
            yield connection

    async def at_once(self, statement: str) -> None:
        """Run a statement as a transaction in one round trip, on any connection of the pool."""
        async with self._connection() as connection:
            await connection.at_once(statement)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with mapped():
            raw = await self._pool.acquire(timeout=COMMAND_TIMEOUT)
        try:
            yield Connection(raw)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.shield(self._pool.release(raw, timeout=5))

    def expire(self) -> None:
        """Use none of the connections again: one was lost, and the others may be half dead."""
        expiring = asyncio.ensure_future(self._pool.expire_connections())
        self._expiring.add(expiring)
        expiring.add_done_callback(self._expiring.discard)

    async def close(self) -> None:
        """Close every connection, by force after two seconds."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(2):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
