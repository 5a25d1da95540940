"""The connection that holds a relay's locks, in a thread of its own with its own event loop.

What it asks regularly must not depend on how busy the pipelines are. When it is lost, so is
every lock.
"""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from pg_tide import log
from pg_tide.errors import PgTideError, TransientError
from pg_tide.postgres import Connection, connect

logger = log.get("ownership")
T = TypeVar("T")
ANSWER = 5.0  # seconds that anything on the lock connection may take
RECONNECT = 0.5  # seconds
# A clock that also counts while the machine is suspended, where there is one.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds, also those in which this process was frozen."""
    return time.clock_gettime(CLOCK)


class LockConnection:
    """Kept open, and opened anew, while `opened` and then every `pause` seconds `beat` are asked.

    All three callbacks run in the thread; `lost` when the connection is gone.
    """

    def __init__(
        self,
        direct_url: str,
        name: str,
        opened: Callable[[Connection], Awaitable[None]],
        lost: Callable[[], None],
    ) -> None:
        self._direct_url = direct_url
        self._name = name
        self._opened = opened
        self._lost = lost
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="ownership", daemon=True
        )
        self._connection: Connection | None = None
        self._busy: asyncio.Lock | None = None
        self._keeping: concurrent.futures.Future[None] | None = None
        self.answered_at = float("-inf")  # when the last question was asked that had its answer

    # Called in the relay's loop.

    async def start(self, beat: Callable[[], Awaitable[float]]) -> None:
        """Connect, and keep connected; raises when the first connection cannot be had.

        `beat` asks something; it returns after how many seconds it wants to ask again.
        """
        self._thread.start()
        await self.there(self._connect())
        self._keeping = self.soon(self._keep(beat))

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """Run this in the thread's loop, and wait for it."""
        return await asyncio.wrap_future(self.soon(work))

    def soon(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run this in the thread's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def stop(self, goodbye: Coroutine[Any, Any, None]) -> None:
        """Ask for no more but a last thing, and hang up."""
        if self._keeping is not None:
            self._keeping.cancel()
        with contextlib.suppress(PgTideError, TimeoutError):
            async with asyncio.timeout(ANSWER):
                await self.there(goodbye)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER):
                await self.there(self.hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, ANSWER)
        if not self._thread.is_alive():
            self._loop.close()

    # Runs in the thread's own loop.

    async def _connect(self) -> None:
        self._busy = self._busy or asyncio.Lock()
        connection = await connect(self._direct_url, application_name=f"pg-tide {self._name}")
        try:
            await self._opened(connection)
        except BaseException:  # a standby, for one; the next try opens another
            await connection.close()
            raise
        connection.on_close(lambda: self._forget(connection))
        self._connection = connection

    def _forget(self, connection: Connection) -> None:
        if self._connection is connection:
            self._connection = None
            self._lost()

    async def _keep(self, beat: Callable[[], Awaitable[float]]) -> None:
        while True:
            try:
                if self._connection is None:
                    await self._connect()
                pause = await beat()
            except Exception as error:
                if not isinstance(error, PgTideError):
                    logger.exception("unexpected error on the lock connection")
                await self.hang_up()
                pause = RECONNECT
            await asyncio.sleep(pause)

    async def hang_up(self) -> None:
        """End the connection, and with it every lock."""
        connection = self._connection
        if connection is not None:
            self._forget(connection)
            await connection.close()

    async def ask(self, sql: str, *values: Any) -> Any:
        """The one value that a statement returns."""
        return await self.use(lambda connection: connection.value(sql, *values))

    async def use(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """Do something with the connection, one thing at a time; TransientError without it."""
        if self._busy is None:
            raise TransientError("the lock connection is not open yet", reason="connection_lost")
        async with self._busy:
            if self._connection is None:
                raise TransientError("the lock connection was lost", reason="connection_lost")
            asked_at = now()
            try:
                async with asyncio.timeout(ANSWER):
                    answer = await work(self._connection)
            except TimeoutError as error:
                raise TransientError(
                    "the lock connection does not answer", reason="connection_lost"
                ) from error
            self.answered_at = asked_at
            return answer
