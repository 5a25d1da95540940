"""THE PATH: poll → transform → route → encode → produce → commit.

Reading runs ahead and settling follows: several batches are under way, and the position moves
over those at the front whose every message has its end. A TransientError of Kafka waits and goes
on with a new client and what has no end yet; one of PostgreSQL, a LeaseLost or a FatalError
leaves `run`, and all that is held here goes with it. Anything else is a bug and is loud.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pg_tide.condition import (
    DRY_RUN,
    RUNNING,
    SILENCE,
    Condition,
    failed,
    halted,
    retrying,
    silent,
)
from pg_tide.config import PipelineConfig
from pg_tide.dry_run import DryRun
from pg_tide.errors import FatalError, MessageError, TransientError
from pg_tide.in_flight import Entry, InFlight, Settled
from pg_tide.lane import Delivery
from pg_tide.message import Batch, Rejected
from pg_tide.metrics import Meter
from pg_tide.one_error import one_error
from pg_tide.outbox import Outbox
from pg_tide.pace import Pace
from pg_tide.producer import Producer
from pg_tide.retry import Backoff
from pg_tide.stages import Records, Stages
from pg_tide.topics import TOPIC_CHANGED
from pg_tide.wakeup import Sleeper

SMALLEST_PAGE, LARGEST_PAGE = 500, 5000  # messages
PAGE_BYTES = 8 * 1024 * 1024
FIRST_LOOK_MS = 1000  # a person who puts something right looks whether it helped
TURN = 0.05  # seconds of preparing in one go
SLICE = (
    250  # messages prepared in one go: they stay in the processor's cache, and others get a turn
)


class Admitted(NamedTuple):
    """The bytes of the records that may go, and the message in front of which they end."""

    size: int
    rejected: Rejected | None


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
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    impatient: bool = False  # when stopping, do not wait for what has no end yet

    def __post_init__(self) -> None:
        """Waits between clients begin short."""
        config = self.config
        self.backoff = Backoff(config.retry_backoff_ms, config.retry_backoff_max_ms)
        self.looks = Backoff(FIRST_LOOK_MS, config.fatal_retry_ms)
        self.pace = pace_of(config)
        self.well = DRY_RUN if config.dry_run else RUNNING

    async def run(self) -> None:
        """Deliver until told to stop, then drain; raises what stops it before.

        Halted is raised when all messages in front of the one that can never go are delivered
        and the position says so.
        """
        try:
            with one_error():
                rejected = await self.deliver()
        finally:
            self.in_flight.drop()
        if rejected is not None:
            raise halted(rejected)

    async def deliver(self) -> Rejected | None:
        """Read, produce and settle side by side; returns when all that was read is settled."""
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(work) for work in (self.produce(), self.watch())]
            settling = tasks.create_task(self.settle())
            reading = tasks.create_task(self.read())
            refused = tasks.create_task(self.producer.refused())
            stopping = tasks.create_task(self.stopping.wait())
            await asyncio.wait({reading, refused, stopping}, return_when=asyncio.FIRST_COMPLETED)
            rejected = reading.result() if reading.done() else None
            reading.cancel()  # a page that was not handed over yet will be read again
            if self.impatient:
                self.in_flight.abandon()
            self.in_flight.close()
            self.producer.hurry()
            await asyncio.wait({settling, refused}, return_when=asyncio.FIRST_COMPLETED)
            if refused.done() and not self.impatient:
                rejected = await self.withdraw(refused.result()) or rejected
            await settling
            for task in (*beside, refused, stopping):
                task.cancel()
        return rejected

    async def read(self) -> Rejected:
        """Poll and hand over batches until a message can never go."""
        ahead: asyncio.Task[Batch] | None = None
        page = self.config.batch_size or SMALLEST_PAGE
        try:
            while True:
                await self.producer.ready()
                holds_nothing = not self.in_flight.messages
                batch = await (ahead or self.poll(page))
                if holds_nothing:
                    self.report(self.well)
                if self.config.batch_size is None:
                    page = min(page * 2, LARGEST_PAGE) if batch.full else SMALLEST_PAGE
                # PostgreSQL works on the next page while this one is prepared.
                ahead = asyncio.create_task(self.poll(page)) if batch.full else None
                if not batch.messages:
                    self.meter.state("idle")
                    await self.sleeper.pause(self.outbox.snapshot_xmin)
                    continue
                if self.config.wait_for_ack:
                    self.producer.hurry()
                    await self.in_flight.acknowledged()
                for part in batch.slices(SLICE):
                    if rejected := await self.send(part):
                        return rejected
                    await asyncio.sleep(0)  # what arrived meanwhile is received
                if self.in_flight.full:
                    self.producer.hurry()  # nothing more comes to fill what lingers
                await self.sleeper.work()
        finally:
            if ahead is not None:
                ahead.cancel()

    async def poll(self, page: int) -> Batch:
        """The next batch, once there is room for one and `rate_limit` allows it."""
        if self.pace is not None:
            page = min(page, await self.pace.room())
        messages, size = await self.in_flight.room()
        began = time.perf_counter()
        batch = await self.outbox.poll(min(page, messages), min(PAGE_BYTES, size))
        if batch.messages:
            self.in_flight.take(batch)
            self.meter.stage("poll", began)
            self.meter.polled(len(batch.messages))
            if self.pace is not None:
                self.pace.take(len(batch.messages))
        return batch

    async def send(self, batch: Batch) -> Rejected | None:
        """Prepare a batch and send it, or the part of it in front of one that can never go."""
        began = time.perf_counter()
        records, rejected = self.stages.prepare(batch, 0, TURN)
        while rejected is None and len(records) < len(batch.messages):
            await asyncio.sleep(0)  # expressions may take a second each: others get a turn
            more, rejected = self.stages.prepare(batch, len(records), TURN)
            records += more
        self.meter.stage("prepare", began)
        admitted = await self.admit(batch, records)
        rejected = admitted.rejected or rejected
        if rejected is not None:
            batch = batch.before(len(records))
        if self.pace is not None:
            self.pace.give(records.count(()))
        delivery = self.producer.produce(records)
        if batch.messages:
            self.in_flight.add(entry_of(batch, records, delivery, admitted.size))
        return rejected

    async def admit(self, batch: Batch, records: Records) -> Admitted:
        """Have every topic ready, and cut the records at the first that Kafka would never take."""
        known: set[str] = set()
        size = 0
        check = self.producer.check
        for index, of_message in enumerate(records):
            try:
                for record in of_message:
                    if record.topic not in known:
                        await self.producer.learn(record.topic)
                        known.add(record.topic)
                    size += check(record)
            except MessageError as error:
                del records[index:]
                return Admitted(size, Rejected(batch.messages[index], error))
        return Admitted(size, None)

    async def produce(self) -> None:
        """Keep a client to produce with, and replace it, after a wait, whenever it fails."""
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
            await asyncio.sleep(pause)

    async def watch(self) -> None:
        """Say so when Kafka stays silent: its client waits for a broker to come back, for ever."""
        while True:
            await asyncio.sleep(1)
            if self.producer.unanswered > SILENCE:
                self.report(silent(self.producer.trouble))

    async def withdraw(self, refused: Mapping[str, MessageError]) -> Rejected | None:
        """Cut what is in flight at the first message for a topic that refused records.

        Some records behind it may have been acknowledged: they will be sent again.
        """
        await self.producer.drained()
        rejected = None

        def cut(entry: Entry) -> Entry | None:
            nonlocal rejected
            records, rejected = self.stages.before(entry.batch, refused)
            if rejected is None:
                return None
            front = entry.batch.before(len(records))
            size = entry.record_bytes * len(records) // len(entry.batch.messages)
            return entry_of(front, records, Delivery(0), size)

        self.in_flight.cut(cut)
        return rejected

    async def settle(self) -> None:
        """Move the position over the batches at the front whose every message has its end."""
        while (done := await self.in_flight.settled()) is not None:
            if self.pace is not None:
                self.pace.arrived(done.delivered)
            if self.config.dry_run:
                continue  # nothing went: the position stays
            began = time.perf_counter()
            await self.outbox.commit(done.end, done.delivered, done.filtered)
            self.meter.stage("commit", began)
            self.account(done)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.config.commit_interval_ms / 1000):
                    await self.stopping.wait()

    def account(self, done: Settled) -> None:
        """Tell of what has its end, now that the position says so."""
        self.backoff.reset()
        self.looks.reset()
        self.report(self.well)
        self.meter.count("messages_delivered_total", done.delivered)
        self.meter.count("messages_filtered_total", done.filtered)
        for entry in done.entries:
            self.meter.count("delivered_bytes_total", entry.record_bytes)
            self.meter.took("produce", entry.delivery.acknowledged_at - entry.sent_at)
            published = [message.published_at_us for message in entry.batch.messages]
            self.meter.delivered(entry.delivery.acknowledged_at, published)


def pace_of(config: PipelineConfig) -> Pace | None:
    """The pace of `rate_limit`; a second's worth may be under way, beside what has to wait."""
    if config.rate_limit is None:
        return None
    return Pace(config.rate_limit, 1.0 + (config.linger_ms + config.commit_interval_ms) / 1000)


def entry_of(batch: Batch, records: Records, delivery: Delivery, size: int) -> Entry:
    """A batch on its way, with the bytes of its records."""
    filtered = records.count(())
    return Entry(batch, delivery, len(records) - filtered, filtered, size, time.time())
