"""Keeps one configured pipeline running: acquire, run, say how it is, wait, and again.

Whatever ends a run, the next one takes the group over anew and reads its position from
PostgreSQL: nothing is carried over in memory.
"""

import asyncio
import contextlib
import random
from dataclasses import dataclass, replace

from pg_tide import log
from pg_tide.catalog import Catalog, Configured, Lag
from pg_tide.condition import Condition, failed, retrying
from pg_tide.config import PipelineConfig
from pg_tide.config.check import check
from pg_tide.dry_run import DryRun
from pg_tide.errors import (
    FatalError,
    Halted,
    LeaseLost,
    PgTideError,
    TransientError,
)
from pg_tide.hidden import hide
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
from pg_tide.wakeup import Sleeper, Wakeup

logger = log.get("pipeline")
FATAL_RETRY_MS = 60_000  # where the option itself cannot be read
CONTEND = 0.5  # seconds between tries to take a group that another relay has
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
        self.condition: Condition | None = None
        self.owned = False
        self._told = asyncio.Event()
        self._stopping = asyncio.Event()
        self._nudged = asyncio.Event()
        self._pipeline: Pipeline | None = None
        self._running: asyncio.Task[None] | None = None
        self._lost = False
        self._log = logger.bind(pipeline=configured.name)
        self._meter = meter
        self._backoff = Backoff(100, 60_000)

    async def run(self) -> None:
        """Run the pipeline whenever this relay owns it, until stopped; then give it back."""
        telling = asyncio.create_task(self._tell())
        self._meter.state("not owned")
        try:
            while not self._stopping.is_set():
                await self._once()
        finally:
            telling.cancel()
            self.owned = False
            await self._shared.ownership.release(self.configured.group_id)

    async def _once(self) -> None:
        pause = 0.0
        try:
            lease = await self._acquire()
            if lease is not None:
                await self._deliver(lease)
        except LeaseLost as error:
            self._log.warning("lease lost", error=error.message)
            pause = CONTEND
        except TransientError as error:
            pause = self._backoff.next()
            self.report(retrying(error, pause))
        except FatalError as error:
            pause = self._failed(error)
        except Exception as error:
            self._log.exception("unexpected error")
            bug = FatalError(f"unexpected {type(error).__name__}: {error}", reason="bug")
            pause = self._failed(bug)
        await self._wait(min(pause, CONTEND) if self._lost else pause)

    async def _acquire(self) -> Lease | None:
        ownership = self._shared.ownership
        self._lost = False
        lease = await ownership.acquire(self.configured.group_id)
        if lease is None:
            self.owned = False
            self.condition = None  # how it is, its owner knows
            self._meter.state("not owned")
            await self._wait(CONTEND * random.uniform(0.8, 1.2))  # noqa: S311 - relays out of step
            return None
        self.owned = True
        self._shared.metrics.count("pg_tide_takeovers_total")
        self._log.info("took over", position=lease.position)
        return lease

    async def _deliver(self, lease: Lease) -> None:
        self._pipeline = self._build(lease, await self._config())
        if self._stopping.is_set():
            return
        if self._lost:
            raise LeaseLost("the lock connection was lost")
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
                Clients(self._config, self._log).start, config, stages.route.configured_topics
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
        if self._stopping.is_set():
            return
        self._nudged.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == float("inf") else seconds):
                await self._nudged.wait()

    def report(self, condition: Condition) -> None:
        """Take note of how the pipeline is: log it, count it, and have it written back."""
        self._meter.state(condition.state)
        if condition.reason is not None:
            reason, hint = hide(condition.reason), hide(condition.hint)
            condition = replace(condition, reason=reason, hint=hint)
        if condition == self.condition:
            return
        before, self.condition = self.condition, condition
        self._told.set()
        if before is not None and (before.state, before.reason) == (
            condition.state,
            condition.reason,
        ):
            return  # only the next try has moved
        if not condition.well:
            self._log.warning(condition.state, reason=condition.reason, hint=condition.hint)
            return
        self._backoff.reset()
        if before is not None:
            self._log.info("running again")

    async def _tell(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            if self.condition is None:
                continue
            try:
                await self._shared.catalog.report(self.configured.id, self.condition)
            except PgTideError:
                await asyncio.sleep(CONTEND)
                self._told.set()

    def lose(self) -> None:
        """The lock is gone: drop everything at once."""
        self.owned = False
        self._lost = True
        self._nudged.set()  # however long it wanted to wait: another relay may have it now
        if self._running is not None:
            self._running.cancel()

    def stop(self, *, patient: bool) -> None:
        """Read no more, finish what is in flight, and end; impatient, only if all is well."""
        self._stopping.set()
        self._nudged.set()
        if self._pipeline is not None:
            self._pipeline.impatient = not patient and self.problem() is not None
            self._pipeline.stopping.set()

    def gauge(self, lag: Lag | None) -> None:
        """Set what is only known when asked."""
        if self._pipeline is not None:
            self._meter.set("in_flight_messages", self._pipeline.in_flight.messages)
            self._meter.set("buffer_bytes", self._pipeline.in_flight.size)
        if lag is not None:
            self._meter.set("lag_messages", lag.messages)
            self._meter.set("lag_seconds", lag.seconds)

    def problem(self) -> str | None:
        """Why this pipeline is not well, unless another relay has it."""
        if self.condition is None or self.condition.well:
            return None
        return f"{self.condition.state}: {self.condition.reason}"
