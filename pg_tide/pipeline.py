"""THE PATH: poll → transform → route → encode → produce → dead-letter → commit.

Reading runs ahead and settling follows: several batches are under way, and the position moves
over those at the front whose every message has its end. A TransientError of Kafka waits and goes
on with a new client and what has no end yet; one of PostgreSQL, a LeaseLost or a FatalError
leaves `run`, and all that is held here goes with it. A MessageError is that message's alone: it
is put aside, or the pipeline halts before it. Anything else is a bug and is loud.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pg_tide.admission import Admission
from pg_tide.caution import Caution
from pg_tide.condition import DRY_RUN, RUNNING, SILENCE, Condition, failed, retrying, silent
from pg_tide.config import PipelineConfig
from pg_tide.dead_letter import MOST_PARKED_KEYS, DeadLetters
from pg_tide.dry_run import DryRun
from pg_tide.errors import FatalError, Halted, TransientError
from pg_tide.handover import Handover
from pg_tide.in_flight import InFlight
from pg_tide.late_refusals import LateRefusals
from pg_tide.message import Batch
from pg_tide.metrics import Meter
from pg_tide.one_error import one_error
from pg_tide.outbox import Outbox
from pg_tide.pace import pace_of
from pg_tide.producer import Producer
from pg_tide.registry import Source, Supply
from pg_tide.replay import Replay
from pg_tide.retry import Backoff
from pg_tide.setbacks import Setbacks
from pg_tide.settling import Settling
from pg_tide.stages import Stages
from pg_tide.topics import TOPIC_CHANGED
from pg_tide.transactions import Transactions
from pg_tide.wakeup import Sleeper

SMALLEST_PAGE, LARGEST_PAGE = 500, 5000  # messages
FIRST_LOOK_MS = 1000  # a person who puts something right looks whether it helped
SLICE = 250  # messages prepared in one go: they stay in the processor's cache, others get a turn


@dataclass
class Pipeline:
    """One outbox to Kafka, under one lease."""

    name: str
    config: PipelineConfig
    outbox: Outbox
    stages: Stages
    producer: Producer | DryRun
    in_flight: InFlight
    sleeper: Sleeper
    meter: Meter
    report: Callable[[Condition], None]
    transactions: Transactions | None = None  # where each message shall be seen once
    setbacks: Setbacks = field(default_factory=Setbacks)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    registry: Source | None = None  # where schemas are found, where the format has some
    impatient: bool = False  # when stopping, do not wait for what has no end yet

    def __post_init__(self) -> None:
        """Waits between clients begin short."""
        config = self.config
        self.backoff = Backoff(config.retry_backoff_ms, config.retry_backoff_max_ms)
        self.looks = Backoff(FIRST_LOOK_MS, config.fatal_retry_ms)
        self.pace = pace_of(config)
        self.letters = DeadLetters(self.name, config, lately=self.setbacks.put_aside)
        self.supply = self.supply_of(config)
        self.admission = Admission(
            self.stages, self.producer, self.letters, self.setbacks, self.supply
        )
        self.refusals = LateRefusals(self.in_flight, self.producer, self.letters, self.admission)
        write = self.transactions.settle if self.transactions else None
        self.settling = Settling(
            self.name, self.outbox, self.letters, self.meter, self.report, write
        )
        self.caution = Caution(self.outbox, config)
        self.calm = asyncio.Event()  # no message that is read is tried alone
        self.handover = Handover(
            self.admission,
            self.producer,
            self.in_flight,
            self.settling,
            self.refusals,
            self.caution,
            self.pace,
            self.meter,
            self.transactions,
        )
        self.well = DRY_RUN if config.dry_run else RUNNING

    def supply_of(self, config: PipelineConfig) -> Supply | None:
        """What gets the schemas that encoders need; a dry run registers none."""
        if self.registry is None:
            return None

        def tell(error: TransientError | FatalError, pause: float) -> None:
            if isinstance(error, FatalError):
                self.report(failed(error, pause))
            else:
                self.report(retrying(error, pause))

        backoffs = (
            Backoff(config.retry_backoff_ms, config.retry_backoff_max_ms),
            Backoff(FIRST_LOOK_MS, config.fatal_retry_ms),
        )
        supply = Supply(self.registry, self.stages.schemas, backoffs, tell)
        supply.register = config.schema_registry.auto_register
        supply.dry = config.dry_run
        return supply

    async def run(self) -> None:
        """Deliver until told to stop, then drain; raises what stops it before.

        Halted is raised when all messages in front of the one that can never go are delivered
        and the position says so.
        """
        try:
            with one_error():
                self.letters.park(await self.outbox.parked_keys(MOST_PARKED_KEYS))
                self.settling.replay.set()
                halted = await self.deliver()
                await self.caution.over()  # whatever was tried, it did not end the process
        finally:
            self.in_flight.drop()
            if self.supply is not None:
                self.supply.end()
        if halted is not None:
            raise halted

    async def deliver(self) -> Halted | None:
        """Read, produce and settle side by side; returns when all that was read is settled."""
        async with asyncio.TaskGroup() as tasks:
            producing = tasks.create_task(self.produce())
            watching = tasks.create_task(self.watch())
            settling = tasks.create_task(self.settle())
            replaying = tasks.create_task(self.replay())
            reading = tasks.create_task(self.read())
            stuck = tasks.create_task(self.refusals.stuck.wait())
            stopping = tasks.create_task(self.stopping.wait())
            await asyncio.wait({reading, stuck, stopping}, return_when=asyncio.FIRST_COMPLETED)
            halted = reading.result() if reading.done() else None
            reading.cancel()  # a page that was not handed over yet will be read again
            replaying.cancel()
            if self.impatient:
                self.in_flight.abandon()
                producing.cancel()  # it would send what comes behind a message that is refused
            self.in_flight.close()
            self.settling.at_once.set()
            self.handover.hurry()
            await asyncio.wait({settling, stuck}, return_when=asyncio.FIRST_COMPLETED)
            if stuck.done() and not self.impatient:
                halted = await self.refusals.cut() or halted
            await settling
            for task in (producing, watching, stuck, stopping):
                task.cancel()
        return halted

    async def read(self) -> Halted:
        """Poll and hand over batches until it must stop before a message."""
        while self.caution.alone and (batch := await self.poll(1)).messages:
            if halted := await self.handover.send_alone(batch):
                return halted
        self.calm.set()
        return await self.read_on()

    async def read_on(self) -> Halted:
        """The same, many messages at a time."""
        ahead: asyncio.Task[Batch] | None = None
        page = self.config.batch_size or SMALLEST_PAGE
        try:
            while True:
                await self.producer.ready()
                holds_nothing = not self.in_flight.messages
                batch = await (ahead or self.poll_in_time(page))
                if holds_nothing and not (self.transactions and batch.messages):
                    self.report(self.well)  # a run that holds some is well when they have gone
                    self.meter.state("running" if batch.messages else "idle")
                if self.config.batch_size is None:
                    page = min(page * 2, LARGEST_PAGE) if batch.full else SMALLEST_PAGE
                # PostgreSQL works on the next page while this one is prepared.
                ahead = asyncio.create_task(self.poll(page)) if batch.full else None
                if not batch.messages:
                    await self.sleeper.pause(self.outbox.position.done)
                    continue
                if self.config.wait_for_ack:
                    self.handover.hurry()
                    await self.in_flight.acknowledged()
                if halted := await self.send(batch):
                    return halted
                if self.in_flight.full:
                    self.handover.hurry()  # nothing more comes to fill what lingers
                at_once = batch.full or self.transactions
                await self.sleeper.work(0 if at_once else len(batch.messages))
        finally:
            if ahead is not None:
                ahead.cancel()

    async def send(self, batch: Batch) -> Halted | None:
        """Hand a batch over, a slice at a time; what makes it stop before a message."""
        if self.transactions is not None:
            self.transactions.waiting.coming(True)
        several = len(batch.messages) > SLICE
        try:
            for part in batch.slices(SLICE):
                async with self.handover.turn:
                    halted = await self.handover.send(part, more=several)
                if halted is not None:
                    return halted
                await asyncio.sleep(0)  # what arrived meanwhile is received
        finally:
            if several:
                self.producer.pump()
            if self.transactions is not None:
                self.transactions.waiting.coming(False)
        return None

    async def poll_in_time(self, page: int) -> Batch:
        """The next batch, when it may go soon: what comes meanwhile goes with it."""
        if self.transactions is not None:
            await self.transactions.open.wait()
        return await self.poll(page)

    async def poll(self, page: int) -> Batch:
        """The next batch, once there is room for one and `rate_limit` allows it."""
        if self.pace is not None:
            page = min(page, await self.pace.room())
        page = min(page, self.handover.at_most)
        messages, size = await self.in_flight.room()
        began = time.perf_counter()
        batch = await self.outbox.poll(min(page, messages), size)
        if batch.messages:
            self.in_flight.take(batch)
            self.meter.stage("poll", began)
            self.meter.polled(len(batch.messages))
            if self.pace is not None:
                self.pace.take(len(batch.messages))
        return batch

    async def replay(self) -> None:
        """Send what was put aside and shall be tried again, once nothing is tried alone."""
        await self.calm.wait()
        if not self.config.dry_run:
            await Replay(self.outbox, self.handover, self.letters).run()

    async def produce(self) -> None:
        """Keep a client to produce with, and replace it, after a wait, whenever it fails.

        With transactions whatever fails ends the run: the next one finds out what became of them.
        """
        if self.transactions is not None:
            await self.transactions.run()
        while True:
            try:
                await self.producer.run()
            except TransientError as error:
                self.meter.count("produce_errors_total", error=error.reason)
                if error.reason == TOPIC_CHANGED:
                    raise  # what is held here is for partitions that are no more
                pause = self.backoff.next()
                self.report(retrying(error, pause))
            except FatalError as error:
                self.meter.count("produce_errors_total", error=error.reason)
                pause = self.looks.next() if self.config.fatal_retry_ms else float("inf")
                self.report(failed(error, pause))
            else:
                pause = 0.0  # Kafka is there, and refused some records
            self.refusals.end()
            self.sleeper.rung.set()  # who has nothing to send tells when all is well again
            await asyncio.sleep(pause)

    async def watch(self) -> None:
        """Say so when Kafka stays silent: its client waits for a broker to come back, for ever."""
        while True:
            await asyncio.sleep(1 if self.in_flight.messages else SILENCE)
            waits = (self.transactions or self.producer).unanswered
            if waits > SILENCE:
                self.report(silent(self.producer.trouble))

    async def settle(self) -> None:
        """Move the position over the batches at the front whose every message has its end."""
        while (done := await self.in_flight.settled()) is not None:
            if self.pace is not None:
                self.pace.arrived(done.left)
            if self.config.dry_run:
                self.settling.tell(done.aside)
                continue  # nothing went: the position stays
            for part in done.parts():
                await self.settling.settle(part)
            self.backoff.reset()
            self.looks.reset()
            self.report(self.well)
            if not (self.in_flight.closed or self.transactions):
                await self.settling.rest(self.config.commit_interval_ms / 1000)
