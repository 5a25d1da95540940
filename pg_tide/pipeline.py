"""THE PATH: poll → transform → route → encode → produce → commit.

Reading runs ahead and settling follows: several batches are under way, and the position moves
over those at the front whose every message has its end. A TransientError of Kafka waits and goes
on with a new client and what has no end yet; one of PostgreSQL, a LeaseLost or a FatalError
leaves `run`, and all that is held here goes with it. Anything else is a bug and is loud.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pg_tide.catalog import Condition
from pg_tide.config import PipelineConfig
from pg_tide.encode import Encoder
from pg_tide.errors import FatalError, Halted, MessageError, PgTideError, TransientError
from pg_tide.in_flight import Entry, InFlight, Settled
from pg_tide.message import Batch, Record, Rejected
from pg_tide.metrics import Meter
from pg_tide.outbox import Outbox
from pg_tide.producer import TOPIC_CHANGED, Producer
from pg_tide.retry import Backoff
from pg_tide.route import Router
from pg_tide.transform import Transform
from pg_tide.wakeup import Sleeper

SMALLEST_PAGE, LARGEST_PAGE = 500, 5000  # messages
PAGE_BYTES = 8 * 1024 * 1024
SLICE = (
    250  # messages prepared in one go: they stay in the processor's cache, and others get a turn
)
SILENCE = 5.0  # seconds without an acknowledgement before it is told

Records = list[tuple[Record, ...]]  # of each message of a batch, none for a filtered one


@dataclass
class Stages:
    """The pure stages: values in, values out."""

    transform: Transform
    route: Router
    encode: Encoder

    def prepare(self, batch: Batch) -> tuple[Records, Rejected | None]:
        """The records of a batch's messages, up to the first that can never go."""
        records: Records = []
        transform, route, encode = self.transform, self.route, self.encode
        try:
            for message in batch.messages:
                shaped = transform(message)
                records.append(() if shaped is None else encode(shaped, route(shaped, message)))
        except MessageError as error:
            return records, Rejected(batch.messages[len(records)], error)
        return records, None


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
    producer: Producer
    in_flight: InFlight
    sleeper: Sleeper
    meter: Meter
    report: Callable[[Condition], None]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    impatient: bool = False  # when stopping, do not wait for what has no end yet

    def __post_init__(self) -> None:
        """Waits between clients begin short."""
        self.backoff = Backoff(self.config.retry_backoff_ms, self.config.retry_backoff_max_ms)

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
            stopping = tasks.create_task(self.stopping.wait())
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            rejected = reading.result() if reading.done() else None
            reading.cancel()  # a page that was not handed over yet will be read again
            if self.impatient:
                self.in_flight.abandon()
            self.in_flight.close()
            await settling
            for task in beside:
                task.cancel()
        return rejected

    async def read(self) -> Rejected:
        """Poll and hand over batches until a message can never go."""
        ahead: asyncio.Task[Batch] | None = None
        page = self.config.batch_size or SMALLEST_PAGE
        try:
            while True:
                await self.producer.ready()
                well = not self.in_flight.messages
                batch = await (ahead or self.poll(page))
                if well:
                    self.report(RUNNING)
                if self.config.batch_size is None:
                    page = min(page * 2, LARGEST_PAGE) if batch.full else SMALLEST_PAGE
                # PostgreSQL works on the next page while this one is prepared.
                ahead = asyncio.create_task(self.poll(page)) if batch.full else None
                if not batch.messages:
                    self.meter.state("idle")
                    await self.sleeper.pause(self.outbox.snapshot_xmin)
                    continue
                for part in batch.slices(SLICE):
                    if rejected := await self.send(part):
                        return rejected
                    await asyncio.sleep(0)  # what arrived meanwhile is received
                await self.sleeper.work()
        finally:
            if ahead is not None:
                ahead.cancel()

    async def poll(self, page: int) -> Batch:
        """The next batch, once there is room for one."""
        messages, size = await self.in_flight.room()
        began = time.perf_counter()
        batch = await self.outbox.poll(min(page, messages), min(PAGE_BYTES, size))
        if batch.messages:
            self.in_flight.take(batch)
            self.meter.stage("poll", began)
            self.meter.polled(len(batch.messages))
        return batch

    async def send(self, batch: Batch) -> Rejected | None:
        """Prepare a batch and send it, or the part of it in front of one that can never go."""
        began = time.perf_counter()
        records, rejected = self.stages.prepare(batch)
        self.meter.stage("prepare", began)
        admitted = await self.admit(batch, records)
        rejected = admitted.rejected or rejected
        if rejected is not None:
            batch = batch.before(len(records))
        filtered = records.count(())
        delivery = self.producer.produce(records)
        if batch.messages:
            delivered = len(records) - filtered
            entry = Entry(batch, delivery, delivered, filtered, admitted.size, time.time())
            self.in_flight.add(entry)
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
                pause = self.config.fatal_retry_ms / 1000 or float("inf")
                self.report(failed(error, pause))
            await asyncio.sleep(pause)

    async def watch(self) -> None:
        """Say so when Kafka stays silent: its client waits for a broker to come back, for ever."""
        while True:
            await asyncio.sleep(1)
            if self.producer.unanswered > SILENCE:
                self.report(SILENT)

    async def settle(self) -> None:
        """Move the position over the batches at the front whose every message has its end."""
        while (done := await self.in_flight.settled()) is not None:
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
        self.report(RUNNING)
        self.meter.count("messages_delivered_total", done.delivered)
        self.meter.count("messages_filtered_total", done.filtered)
        for entry in done.entries:
            self.meter.count("delivered_bytes_total", entry.record_bytes)
            self.meter.took("produce", entry.delivery.acknowledged_at - entry.sent_at)
            published = [message.published_at_us for message in entry.batch.messages]
            self.meter.delivered(entry.delivery.acknowledged_at, published)


RUNNING = Condition("running")
SILENT = Condition(
    "retrying",
    f"no_acknowledgement: Kafka has acknowledged nothing for {SILENCE:.0f} seconds",
    "Look whether the brokers are up and have enough in-sync replicas; nothing is lost meanwhile.",
)


def retrying(error: TransientError, pause: float) -> Condition:
    """The condition of a pipeline that waits for something to come back, for `pause` seconds."""
    next_try = datetime.now(UTC) + timedelta(seconds=pause)
    return Condition("retrying", f"{error.reason}: {error.message}", error.hint, next_try)


def failed(error: FatalError, pause: float) -> Condition:
    """The condition of a pipeline that only a person can help; it looks again after `pause`."""
    forever = pause == float("inf")
    next_try = None if forever else datetime.now(UTC) + timedelta(seconds=pause)
    state = "halted" if isinstance(error, Halted) else "failed"
    return Condition(state, f"{error.reason}: {error.message}", error.hint, next_try)


def halted(rejected: Rejected) -> Halted:
    """The error of a pipeline that stands before a message that can never go."""
    message, error = rejected.message, rejected.error
    return Halted(
        f'message {message.id} of outbox "{message.outbox}" can not go: '
        f"{error.stage}: {error.reason}: {error.message}",
        hint=error.hint or "Change the pipeline's configuration so that the message can go.",
    )


@contextlib.contextmanager
def one_error() -> Iterator[None]:
    """Of the errors that ended several tasks at once, raise the one that matters most: a bug."""
    try:
        yield
    except BaseExceptionGroup as group:
        errors = list(leaves(group))
        bugs = [error for error in errors if not isinstance(error, PgTideError)]
        raise (bugs or errors)[0] from group


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors in a group, without the groups in between."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
