"""Who runs which pipeline: one session lock a consumer group, taken over under a random epoch.

One lock connection a relay, direct to PostgreSQL, in a thread of its own: its heartbeats must
not depend on how busy the pipelines are. When it is lost, so is every lock, and whatever the
pipelines hold in memory is void.
"""

import asyncio
import concurrent.futures
import contextlib
import threading
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pg_tide import __version__, log
from pg_tide.errors import LeaseLost, PgTideError, TransientError
from pg_tide.position import Lease, Position
from pg_tide.postgres import Connection, connect

logger = log.get("ownership")
T = TypeVar("T")
HEARTBEAT = 2.0  # seconds
ANSWER = 5.0  # seconds that anything on the lock connection may take
RECONNECT = 0.5  # seconds
IDLE_LIMIT = "10s"  # after which PostgreSQL frees the locks of a relay that froze
LOCK_TIMEOUT = "3s"
TAKE_OVER = (
    "SELECT epoch, row_ctid::text, done::text, page::text, last_id FROM tide._take_over($1, $2)"
)


def _nothing() -> None:
    """A relay that leaves loses nothing."""


class Ownership:
    """One relay's locks. `lost` is called, in the relay's loop, when they are gone."""

    def __init__(self, direct_url: str, name: str, lost: Callable[[], None]) -> None:
        self.relay_id = uuid.uuid4()
        self._direct_url = direct_url
        self._name = name
        self._lost = lost
        self._relay_loop = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="ownership", daemon=True
        )
        self._connection: Connection | None = None
        self._locked: set[int] = set()
        self._busy: asyncio.Lock | None = None
        self._keeping: concurrent.futures.Future[None] | None = None

    # Called in the relay's loop.

    async def start(self) -> None:
        """Connect, and keep connected; raises when the first connection cannot be had."""
        self._thread.start()
        await self._there(self._connect())
        self._keeping = asyncio.run_coroutine_threadsafe(self._keep(), self._loop)

    async def acquire(self, group_id: int) -> Lease | None:
        """Take a group over if no other relay has it; None when one has."""
        return await self._there(self._acquire(group_id))

    async def release(self, group_id: int) -> None:
        """Let another relay have a group."""
        with contextlib.suppress(PgTideError):
            await self._there(self._release(group_id))

    async def stop(self) -> None:
        """Give every lock back and hang up."""
        self._lost = _nothing
        if self._keeping is not None:
            self._keeping.cancel()
        with contextlib.suppress(PgTideError, TimeoutError):
            async with asyncio.timeout(ANSWER):
                await self._there(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, ANSWER)
        if not self._thread.is_alive():
            self._loop.close()

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    # Runs in the thread's own loop.

    async def _connect(self) -> None:
        self._busy = self._busy or asyncio.Lock()
        connection = await connect(self._direct_url, application_name=f"pg-tide {self._name}")
        try:
            if connection.server_version >= 14:
                await connection.script(f"SET idle_session_timeout = '{IDLE_LIMIT}'")
            await connection.value(
                "SELECT tide._register_relay($1, $2, $3)", self.relay_id, self._name, __version__
            )
        except BaseException:  # a standby, for one; the next try opens another
            await connection.close()
            raise
        connection.on_close(lambda: self._forget(connection))
        self._connection = connection

    def _forget(self, connection: Connection) -> None:
        if self._connection is connection:
            self._connection = None
            self._locked.clear()
            self._relay_loop.call_soon_threadsafe(self._lost)

    async def _keep(self) -> None:
        while True:
            try:
                if self._connection is None:
                    await self._connect()
                await self._ask("SELECT 1")
                await asyncio.sleep(HEARTBEAT)
            except Exception as error:
                if not isinstance(error, PgTideError):
                    logger.exception("unexpected error on the lock connection")
                await self._hang_up()
                await asyncio.sleep(RECONNECT)

    async def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None:
            self._forget(connection)
            await connection.close()

    async def _ask(self, sql: str, *values: Any) -> Any:
        return await self._use(lambda connection: connection.value(sql, *values))

    async def _use(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        if self._busy is None:
            raise TransientError("the lock connection is not open yet", reason="connection_lost")
        async with self._busy:
            if self._connection is None:
                raise TransientError("the lock connection was lost", reason="connection_lost")
            try:
                async with asyncio.timeout(ANSWER):
                    return await work(self._connection)
            except TimeoutError as error:
                raise TransientError(
                    "the lock connection does not answer", reason="connection_lost"
                ) from error

    async def _acquire(self, group_id: int) -> Lease | None:
        if group_id not in self._locked:
            if not await self._ask("SELECT tide._try_lock($1)", group_id):
                return None
            self._locked.add(group_id)
        try:
            return await self._use(lambda connection: self._take_over(connection, group_id))
        except PgTideError:
            await self._release(group_id)
            raise

    async def _take_over(self, connection: Connection, group_id: int) -> Lease:
        async with connection.transaction():
            await connection.script(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            row = await connection.row(TAKE_OVER, group_id, self.relay_id)
        if row is None:
            raise LeaseLost(f"consumer group {group_id} could not be taken over")
        position = Position(row["done"], row["page"], row["last_id"])
        return Lease(group_id, row["epoch"], row["row_ctid"], position)

    async def _release(self, group_id: int) -> None:
        if group_id in self._locked:
            self._locked.discard(group_id)
            await self._ask("SELECT tide._unlock($1)", group_id)

    async def _leave(self) -> None:
        await self._ask("SELECT tide._unregister_relay($1)", self.relay_id)
        await self._hang_up()
