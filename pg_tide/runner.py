"""Keeps one configured pipeline running: acquire, run, say how it is, wait, and again.

Whatever ends a run, the next one takes the group over anew and reads its position from
PostgreSQL: nothing is carried over in memory.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from pg_tide import log
from pg_tide.catalog import Catalog, Configured, Lag
from pg_tide.condition import Condition, failed, retrying
from pg_tide.config import PipelineConfig
from pg_tide.config.check import check
from pg_tide.dry_run import DryRun
from pg_tide.errors import FatalError, Halted, LeaseLost, PgTideError, TransientError
from pg_tide.gate import gated
from pg_tide.in_flight import Buffer, InFlight
from pg_tide.kafka import Clients
from pg_tide.metrics import Meter, Metrics
from pg_tide.outbox import Outbox
from pg_tide.ownership import Ownership
from pg_tide.pipeline import Pipeline
from pg_tide.position import Lease
from pg_tide.postgres import Postgres
from pg_tide.producer import Producer
from pg_tide.reference import References
from pg_tide.retry import Backoff
from pg_tide.stages import Stages
from pg_tide.telling import Telling
from pg_tide.topics import announcer
from pg_tide.wakeup import Sleeper, Wakeup

logger = log.get("pipeline")
FATAL_RETRY_MS = 60_000  # where the option itself cannot be read
PAUSE = 0.5  # seconds before a pipeline that lost its lease begins anew
LOCKED = 5.0  # seconds at most between tries to take a position that somebody keeps locked
LEAVE = 2.0  # seconds to lower the flag for publishers, which expires anyway


@dataclass(frozen=True)
class Shared:
    """What all pipelines of a process share."""

    postgres: Postgres
    ownership: Ownership
    wakeup: Wakeup
    catalog: Catalog
    buffer: Buffer
    metrics: Metrics
    references: References


class Runner:
    """One configured pipeline, from its start to its end."""

    def __init__(self, shared: Shared, configured: Configured, meter: Meter) -> None:
        self.configured = configured
        self._shared = shared
        self.owned = False
        self._stopping = asyncio.Event()
        self._nudged = asyncio.Event()
        self._pipeline: Pipeline | None = None
        self._running: asyncio.Task[None] | None = None
        self._lost = False
        self._standing_by = False
        self._giving = False
        self._log = logger.bind(pipeline=configured.name)
        self._meter = meter
        self._telling = Telling(shared.catalog, configured.id, meter, self._log)
        self._backoff = Backoff(100, 60_000)

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
            lease = await self._acquire()
            if lease is not None:
                await self._deliver(lease)
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

    async def _acquire(self) -> Lease | None:
        ownership, group_id = self._shared.ownership, self.configured.group_id
        self._lost = self._giving = False
        lease = await ownership.acquire(group_id) if ownership.holds(group_id) else None
        if lease is None:
            await self._stand_by()
            return None
        self.owned = True
        self._telling.epoch = lease.epoch
        self._shared.metrics.count("pg_tide_takeovers_total")
        self._log.info("took over", position=lease.position)
        return lease

    async def _stand_by(self) -> None:
        """Wait for this relay to have the lock."""
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
        config = await self._config()
        if self._stopping.is_set() or self._giving:
            return
        if self._lost:
            raise LeaseLost("the lock connection was lost")
        self._pipeline = self._build(lease, config)
        self._running = asyncio.ensure_future(self._pipeline.run())
        try:
            await self._running
            self._backoff.reset()
        except asyncio.CancelledError:
            if not self._lost:
                raise
            raise LeaseLost("the lock connection was lost") from None
        finally:
            sleeper, self._pipeline, self._running = self._pipeline.sleeper, None, None
            with contextlib.suppress(PgTideError, TimeoutError):
                async with asyncio.timeout(LEAVE):
                    await sleeper.leave()

    async def _config(self) -> PipelineConfig:
        """The options, with what their references stand for at this moment."""
        return await self._shared.references.parse(self.configured.options)

    def _build(self, lease: Lease, config: PipelineConfig) -> Pipeline:
        shared, configured = self._shared, self.configured
        stages = Stages.of(config, configured.outbox)
        return Pipeline(
            name=configured.name,
            config=config,
            outbox=Outbox(shared.postgres, configured.outbox_id, configured.outbox, lease),
            stages=stages,
            producer=DryRun(configured.name, config)
            if config.dry_run
            else Producer(
                gated(Clients(self._config, self._log).start, shared.ownership.is_certain),
                config,
                stages.route.configured_topics,
                announcer(self._log, self._meter),
            ),
            in_flight=InFlight(shared.buffer, config.max_in_flight),
            sleeper=Sleeper(shared.wakeup, configured.outbox_id),
            meter=self._meter,
            report=self.report,
        )

    def _failed(self, error: FatalError) -> float:
        """Say that it failed; the seconds until it looks again, which may be never."""
        wait_ms = 0 if isinstance(error, Halted) else self._fatal_retry_ms()
        pause = wait_ms / 1000 or float("inf")
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
