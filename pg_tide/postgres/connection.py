"""One connection, and short transactions on it.

Every transaction says READ COMMITTED itself, whatever the role's default is, and bounds the time
it may idle: a relay frozen inside one would hold its row locks for ever. A statement alone is
READ COMMITTED because its session is, and never idles.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

import asyncpg

from pg_tide.errors import ConfigurationError, PgTideError, TransientError
from pg_tide.postgres.errors import mapped

BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED{mode};"
    "SET LOCAL idle_in_transaction_session_timeout = '10s'"
)
SESSION = "SET default_transaction_isolation = 'read committed'"
COMMAND_TIMEOUT = 60.0  # seconds; a server that hangs longer is treated as away
PATIENCE = "100ms"  # for the locks of statements that may as well be tried later


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
    async def transaction(
        self, *, read_only: bool = False, lock_timeout: str | None = None
    ) -> AsyncIterator[Self]:
        """A READ COMMITTED transaction, rolled back when the block raises.

        With a `lock_timeout` ("1s") a lock that is not free by then is a TransientError `locked`.
        """
        try:
            await self.script(beginning(read_only=read_only, lock_timeout=lock_timeout))
            yield self
            await self.script("COMMIT")
        except BaseException as error:
            await self._give_up(error)
            raise

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[Self]:
        """For a single statement, which is a transaction of its own: one round trip.

        For sessions that have said SESSION. What PostgreSQL refused it has rolled back already.
        """
        try:
            yield self
        except BaseException as error:
            if is_silent(error):
                self._hang_up()
            raise

    async def at_once(self, statement: str) -> None:
        """Run a statement without values as a READ COMMITTED transaction, in one round trip.

        A process that freezes meanwhile leaves no lock held, and it waits for none for long.
        """
        try:
            await self.script(f"{beginning(lock_timeout=PATIENCE)};{statement};COMMIT")
        except BaseException as error:
            await self._give_up(error)
            raise

    async def _give_up(self, error: BaseException) -> None:
        """Roll back, or hang up: when cancelled in a statement, or when nobody may answer."""
        if is_silent(error):
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


def is_silent(error: BaseException) -> bool:
    """Whether nobody may answer on a connection any more: cancelled in a statement, or lost."""
    lost = isinstance(error, TransientError) and error.reason == "connection_lost"
    return lost or not isinstance(error, Exception)


def beginning(*, read_only: bool = False, lock_timeout: str | None = None) -> str:
    """The statements that begin a transaction."""
    limit = "" if lock_timeout is None else f";SET LOCAL lock_timeout = '{lock_timeout}'"
    return BEGIN.format(mode=" READ ONLY" if read_only else "") + limit


async def connect(url: str, *, application_name: str = "pg-tide") -> Connection:
    """Open a connection of its own, outside any pool."""
    with mapped(), legible():
        return Connection(
            await asyncpg.connect(
                url,
                command_timeout=COMMAND_TIMEOUT,
                timeout=10,
                server_settings={"application_name": application_name},
            )
        )


@contextlib.contextmanager
def legible() -> Iterator[None]:
    """A URL that cannot be read is the user's mistake; its text may hold a password."""
    try:
        yield
    except (ValueError, OverflowError):  # asyncpg's own for a URL is a ValueError too
        raise ConfigurationError(
            "the PostgreSQL URL cannot be read",
            hint="Write it as postgresql://user@host:5432/database.",
        ) from None
