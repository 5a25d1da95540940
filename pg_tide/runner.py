"""Keeps one configured pipeline running: acquire, run, say how it is, wait, and again.

Whatever ends a run, the next one takes the group over anew and reads its position from
PostgreSQL: nothing is carried over in memory.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from pg_tide import log
from pg_tide.assembly import Assembly, Shared
from pg_tide.catalog import Configured, Lag
from pg_tide.condition import Condition, failed, retrying
from pg_tide.config import PipelineConfig
from pg_tide.config.check import check
from pg_tide.errors import Again, FatalError, Halted, LeaseLost, PgTideError, TransientError
from pg_tide.metrics import Meter
from pg_tide.pipeline import FIRST_LOOK_MS, Pipeline
from pg_tide.position import Lease
from pg_tide.recovery import Ready
from pg_tide.retry import Backoff
from pg_tide.telling import Telling
from pg_tide.wakeup import Sleeper

T = TypeVar("T")

logger = log.get("pipeline")
FATAL_RETRY_MS = 60_000  # where the option itself cannot be read
PAUSE = 0.5  # seconds before a pipeline that lost its lease begins anew
LOCKED = 5.0  # seconds at most between tries to take a position that somebody keeps locked
LEAVE = 2.0  # seconds to lower the flag for publishers, which expires anyway


class Runner:
    """One configured pipeline, from its start to its end."""

    def __init__(self, shared: Shared, configured: Configured, meter: Meter) -> None:
        self.configured = configured
        self._shared = shared
        self.owned = False
        self._stopping = asyncio.Event()
        self._nudged = asyncio.Event()
        self._pipeline: Pipeline | None = None
        self._running: asyncio.Future[Any] | None = None
        self._lost = False
        self._standing_by = False
        self._giving = False
        self._anew = False  # it has the pipeline already
        self._log = logger.bind(pipeline=configured.name)
        self._meter = meter
        self._telling = Telling(shared.catalog, configured.id, meter, self._log)
        self._assembly = Assembly(shared, configured, meter, self.report, self._log)
        self._backoff = Backoff(100, 60_000)
        self._looks: Backoff | None = None

    async def run(self) -> None:
        """Run the pipeline whenever this relay owns it, until stopped; then give it back."""
        telling = asyncio.create_task(self._telling.run())
        self._telling.stand_by()
        self._shared.ownership.want(self.configured.group_id)
        try:
            while not self._stopping.is_set():
                await self._once()
        finally:
            telling.cancel()
            self.owned = False
            await self._shared.ownership.forget(self.configured.group_id)

    async def _once(self) -> None:
        pause = 0.0
        try:
            await self._run()
        except Again as error:
            self._log.debug("begins anew", reason=error.message)
            self._anew = True
        except LeaseLost as error:
            self._log.warning("lease lost", error=error.message)
            pause = PAUSE
        except TransientError as error:
            pause = self._backoff.next()
            if error.reason == "position_locked":
                pause = min(pause, LOCKED)
            self.report(retrying(error, pause))
        except FatalError as error:
            pause = self._failed(error)
        except Exception as error:
            self._log.exception("unexpected error")
            bug = FatalError(f"unexpected {type(error).__name__}: {error}", reason="bug")
            pause = self._failed(bug)
        await self._wait(min(pause, PAUSE) if self._lost else pause)
        if self._giving and not self._stopping.is_set():
            self._giving = False
            self.owned = False
            self._log.info("given to another relay, which has fewer pipelines")
            await self._shared.ownership.release(self.configured.group_id)

    async def _run(self) -> None:
        try:
            lease = await self._acquire()
            if lease is not None:
                await self._deliver(lease)
        finally:
            await self._assembly.leave()

    async def _acquire(self) -> Lease | None:
        ownership, group_id = self._shared.ownership, self.configured.group_id
        self._lost = self._giving = False
        lease = None
        if ownership.holds(group_id):
            self._begin()
            lease = await ownership.acquire(group_id)
        if lease is None:
            await self._stand_by()
            return None
        self.owned = True
        self._telling.epoch = lease.epoch
        tell = self._log.debug if self._anew else self._log.info
        tell("took over", position=lease.position)
        if not self._anew:
            self._shared.metrics.count("pg_tide_takeovers_total")
        self._anew = False
        return lease

    async def _stand_by(self) -> None:
        """Wait for this relay to have the lock."""
        self._anew = False
        self._assembly.setbacks.clear()
        self.owned = False
        self._telling.stand_by()
        self._standing_by = True
        await self._wait(float("inf"))
        self._standing_by = False

    def share(self) -> None:
        """See whether this relay should run it, or another one; called again and again.

        One that is in trouble stays: what it has in flight would be repeated.
        """
        ownership, group_id = self._shared.ownership, self.configured.group_id
        if self._standing_by:
            if ownership.holds(group_id):
                self._nudged.set()
        elif ownership.is_surplus(group_id) and not self._giving:
            if self._pipeline is None:
                self._giving = True
                self._nudged.set()
            elif self.problem() is None:
                self._giving = True
                self._pipeline.stopping.set()

    async def _deliver(self, lease: Lease) -> None:
        config = await self._assembly.config()
        if self._stopping.is_set() or self._giving:
            return
        if self._lost:
            raise LeaseLost("the lock connection was lost")
        self._learn_times(config)
        ready = Ready(lease)
        try:
            ready = await self._unless_lost(self._assembly.recover(lease, config))
            if self._stopping.is_set() or self._giving:
                return
            self._pipeline = self._build(ready, config)
            await self._unless_lost(self._pipeline.run())
            self._backoff.reset()
        except TransientError as error:
            self._anew = config.exactly_once  # each failure of Kafka ends a run
            raise self._assembly.setbacks.weigh(error, ready.identity) from error
        finally:
            pipeline, self._pipeline = self._pipeline, None
            await ready.end()
            if pipeline is not None:
                await self._leave(pipeline.sleeper)

    async def _unless_lost(self, run: Coroutine[Any, Any, T]) -> T:
        """Let something run until its end, or until the lock is gone."""
        running = self._running = asyncio.ensure_future(run)
        try:
            ended: T = await running
        except asyncio.CancelledError:
            if self._lost:
                raise LeaseLost("the lock connection was lost") from None
            if self._stopping.is_set() and running.cancelled() and not _is_cancelled():
                raise Again("told to stop") from None
            raise
        finally:
            self._running = None
        return ended

    @staticmethod
    async def _leave(sleeper: Sleeper) -> None:
        with contextlib.suppress(PgTideError, TimeoutError):
            async with asyncio.timeout(LEAVE):
                await sleeper.leave()

    def _learn_times(self, config: PipelineConfig) -> None:
        """Wait as configured where a run ends with each failure of Kafka."""
        if config.exactly_once and self._looks is None:
            self._backoff = Backoff(config.retry_backoff_ms, config.retry_backoff_max_ms)
            self._looks = Backoff(FIRST_LOOK_MS, config.fatal_retry_ms)

    def _begin(self) -> None:
        self._assembly.begin()

    def _build(self, ready: Ready, config: PipelineConfig) -> Pipeline:
        return self._assembly.pipeline(ready, config)

    def _failed(self, error: FatalError) -> float:
        """Say that it failed; the seconds until it looks again, which may be never."""
        wait_ms = 0 if isinstance(error, Halted) else self._fatal_retry_ms()
        pause = wait_ms / 1000 or float("inf")
        if wait_ms and self._looks is not None:
            pause = self._looks.next()
        self.report(failed(error, pause))
        return pause

    def _fatal_retry_ms(self) -> int:
        try:
            verdict = check(self.configured.options)
        except Exception:
            return FATAL_RETRY_MS
        if verdict.problems:
            return 0  # only another configuration helps
        return int(verdict.values["fatal_retry_ms"])

    async def _wait(self, seconds: float) -> None:
        if self._stopping.is_set() or self._giving:
            return
        self._nudged.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == float("inf") else seconds):
                await self._nudged.wait()

    @property
    def condition(self) -> Condition | None:
        """How the pipeline is, if this relay is the one to tell."""
        return self._telling.condition

    def report(self, condition: Condition) -> None:
        """Take note of how the pipeline is."""
        self._telling.report(condition)
        if condition.well:
            self._backoff.reset()
            if self._looks is not None:
                self._looks.reset()

    def lose(self) -> None:
        """The lock is gone: drop everything at once."""
        self.owned = False
        self._telling.epoch = None
        self._lost = True
        self._nudged.set()  # however long it wanted to wait: another relay may have it now
        if self._running is not None:
            self._running.cancel()

    def replay(self) -> None:
        """Dead letters are there to be tried again."""
        if self._pipeline is not None:
            self._pipeline.settling.replay.set()

    def stop(self, *, patient: bool) -> None:
        """Read no more, finish what is in flight, and end; impatient, only if all is well."""
        self._stopping.set()
        self._nudged.set()
        if self._pipeline is None and self._running is not None:
            self._running.cancel()  # nothing is in flight yet
        if self._pipeline is not None:
            self._pipeline.impatient = not patient and self.problem() is not None
            self._pipeline.stopping.set()

    def gauge(self, lag: Lag | None, letters: tuple[int, int] | None) -> None:
        """Set what is only known when asked; of dead letters how many, and how many keys wait."""
        if self._pipeline is not None:
            self._meter.set("in_flight_messages", self._pipeline.in_flight.messages)
            self._meter.set("buffer_bytes", self._pipeline.in_flight.size)
        if lag is not None:
            self._meter.set("lag_messages", lag.messages)
            self._meter.set("lag_seconds", lag.seconds)
        if letters is not None:
            self._meter.set("dead_letters", letters[0])
            self._meter.set("parked_keys", letters[1])

    def problem(self) -> str | None:
        """Why this pipeline is not well, unless another relay has it."""
        if self.condition is None or self.condition.well:
            return None
        return f"{self.condition.state}: {self.condition.reason}"


def _is_cancelled() -> bool:
    """Whether the task that asks was cancelled itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
