"""Exactly once: what is on its way goes in Kafka transactions, one after another.

Before one begins, its intent stands in PostgreSQL; the next one's is written while it is
committed. Whatever fails ends the run, and what became of it is found out as after a crash.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import uuid4

from pg_tide.delivery import Delivery
from pg_tide.errors import Again, FatalError, PgTideError, TransientError
from pg_tide.in_flight import Entry, Settled
from pg_tide.intent import MOST_KEPT, Identity, Mark
from pg_tide.ledger import Ledger
from pg_tide.metrics import Meter
from pg_tide.producer import Producer
from pg_tide.setbacks import Setbacks
from pg_tide.transactions.waiting import Waiting, messages_of

DAY = 86_400.0


class Client(Protocol):
    """What this needs of a transactional client."""

    async def begin(self) -> None:
        """Begin a transaction."""

    async def stamp(self, mark: Mark) -> None:
        """Have the transaction commit a mark."""

    async def commit(self) -> None:
        """Commit it; whatever is raised, it may have been."""


class Terms(NamedTuple):
    """Who produces, the highest number there is, the last mark, and times in seconds."""

    identity: Identity
    number: int
    mark: Mark | None
    timeout: float
    linger: float = 0.0
    batch_size: int | None = None  # the most messages of a transaction
    refresh: float = DAY  # a mark that nobody commits anew expires
    at_once: bool = False  # Kafka has another one, of which PostgreSQL knows nothing


class Next(NamedTuple):
    """A transaction whose intent is written."""

    mark: Mark
    entries: list[Entry]

    @property
    def messages(self) -> int:
        """How many messages it carries."""
        return messages_of(self.entries)


@dataclass
class Transactions:
    """Of one run of a pipeline, through one client."""

    producer: Producer
    client: Client
    ledger: Ledger
    terms: Terms
    setbacks: Setbacks
    meter: Meter
    waiting: Waiting = field(default_factory=Waiting)
    _unwritten: int = 0  # entries that need no transaction, and are not behind the position yet
    _under_way: Next | None = None
    _delivery: Delivery | None = None
    _since: float | None = None

    def __post_init__(self) -> None:
        """Goes on behind what there is."""
        self.open = asyncio.Event()
        """Set while what is added goes soon: no transaction is being filled."""
        self.open.set()
        self._number, self._mark = self.terms.number, self.terms.mark
        self._committed_at = time.monotonic()

    @property
    def unanswered(self) -> float:
        """How many seconds the transaction under way has taken."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    @property
    def at_most(self) -> int:
        """How many messages a transaction may have."""
        return min(self.setbacks.at_most or sys.maxsize, self.terms.batch_size or sys.maxsize)

    def add(self, entry: Entry) -> None:
        """An entry waits to go, behind all others."""
        self.waiting.add(entry)

    def hurry(self) -> None:
        """Let nothing linger that waits now."""
        self.waiting.hurry()

    async def settle(
        self, done: Settled, write: Callable[[Settled], Awaitable[set[str]]]
    ) -> set[str]:
        """Confirm the intent of what was committed, or `write` what needed no transaction."""
        if done.intent is None:
            left = await write(done)
            self._unwritten -= len(done.entries)
        else:
            left = await self.ledger.confirm(done.intent)
        for entry in done.entries:
            self.setbacks.forget(entry.batch.messages)
        self.waiting.notify()
        return left

    async def run(self) -> None:
        """Carry what is added, for ever. Raises Again where records were refused."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._produce())
                tasks.create_task(self._go())
        finally:
            if self._under_way is not None:
                self.meter.count("transactions_total", outcome="aborted")

    async def _produce(self) -> None:
        try:
            await self.producer.run()
        except (TransientError, FatalError) as error:
            self._count(error)
            raise
        self._learn_what_was_refused()
        raise Again("Kafka refused records of a transaction", reason="transaction_refused")

    def _learn_what_was_refused(self) -> None:
        under_way, delivery = self._under_way, self._delivery
        if under_way is None or delivery is None:
            return
        of_record = {
            id(record): message
            for entry in under_way.entries
            for message, records in zip(entry.batch.messages, entry.records, strict=True)
            for record in records
        }
        refused = [(of_record[id(record)], error) for record, error in delivery.refusals]
        messages = list({id(message): message for message in of_record.values()}.values())
        if not refused and len(messages) == 1 and self.producer.refusal is not None:
            refused = [(messages[0], self.producer.refusal)]
        if refused:
            self.setbacks.refuse(refused)
        else:
            self.setbacks.narrow(len(messages))

    async def _go(self) -> None:
        try:
            await self._carry_on()
        except* PgTideError:
            task = asyncio.current_task()
            if not self.producer.failed or (task is not None and task.cancelling()):
                raise  # who is cancelled already is not cancelled again
            await asyncio.Event().wait()  # the producer says why, and this ends with it

    async def _carry_on(self) -> None:
        await self.producer.ready()
        if self.terms.at_once:
            await self._commit_mark_anew()
        ahead: Next | None = None
        while True:
            if ahead is None:
                await self._some()
                ahead = await self._intend()
            if ahead is not None:
                ahead = await self._carry(ahead)

    async def _some(self) -> None:
        """Wait until something may go; meanwhile the mark must not expire."""
        while not self.waiting:
            left = self._committed_at + self.terms.refresh - time.monotonic()
            if left <= 0:
                await self._commit_mark_anew()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.waiting.change()
        if self.terms.linger:
            await self.waiting.linger(self.terms.linger, self.at_most)

    async def _commit_mark_anew(self) -> None:
        """In a transaction, which a relay that lost the pipeline can not commit."""
        if self._mark is not None:
            async with self._in_time():
                await self.client.begin()
                await self.client.stamp(self._mark)
                await self.client.commit()
        self._committed_at = time.monotonic()

    async def _intend(self) -> Next | None:
        """Write the intent of what waits; None where nothing does, or needs no transaction."""
        while self.ledger.kept >= MOST_KEPT or self._unwritten:
            await self.waiting.change()
        entries = self.waiting.take(self.at_most)
        if not any(records for entry in entries for records in entry.records):
            self._unwritten += len(entries)
            for entry in entries:
                entry.delivery.acknowledged(1)
            return None
        began = time.perf_counter()
        self._number += 1
        token = uuid4()
        for entry in entries:
            entry.intent = self._number
        await self.ledger.intend(self._number, token, self.terms.identity, Settled(entries))
        self.meter.stage("intend", began)
        return Next(Mark(self._number, str(token)), entries)

    async def _carry(self, under_way: Next) -> Next | None:
        """Have a transaction committed, and the intent of what waits by then written meanwhile."""
        began = time.perf_counter()
        self._under_way, self._since = under_way, time.monotonic()
        self.open.clear()
        async with asyncio.TaskGroup() as tasks:
            async with self._in_time():
                await self._fill(under_way)
                ahead = tasks.create_task(self._ahead())
                self.open.set()
                await self.client.commit()
            self._under_way, self._since, self._mark = None, None, under_way.mark
            self._committed_at = time.monotonic()
            self.meter.stage("transact", began)
            self.meter.count("transactions_total", outcome="committed")
            self.setbacks.passed()
            for entry in under_way.entries:
                entry.delivery.acknowledged(1)
            self.waiting.notify()
        return ahead.result()

    async def _ahead(self) -> Next | None:
        """Write the intent of what comes while a transaction is committed; None if nothing does."""
        while (self.waiting.more or not self.waiting) and self._under_way is not None:
            await self.waiting.change()
        return await self._intend() if self.waiting else None

    async def _fill(self, under_way: Next) -> None:
        """Have every record acknowledged, and the mark taken, in a new transaction."""
        acknowledged = asyncio.Event()
        await self.client.begin()
        records = [records for entry in under_way.entries for records in entry.records]
        self._delivery = delivery = self.producer.produce(records)
        delivery.on_done = acknowledged.set
        self.producer.hurry()
        if not delivery.done:
            await acknowledged.wait()
        if delivery.refusals:
            await asyncio.Event().wait()  # the producer ends, and this with it
        await self.client.stamp(under_way.mark)

    def _count(self, error: PgTideError) -> None:
        self.meter.count("produce_errors_total", error=error.reason)

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.terms.timeout):
                yield
        except PgTideError as error:
            if not self.producer.failed:
                self._count(error)
            raise
        except TimeoutError as error:
            if self._under_way is not None:
                self.setbacks.narrow(self._under_way.messages)
            timed_out = TransientError(
                f"Kafka: a transaction was not done within {self.terms.timeout:.3g} seconds",
                reason="transaction_timed_out",
                hint="Look whether the brokers are up and have enough in-sync replicas; nothing is "
                "lost. Transactions that only need longer: raise transaction_timeout_ms.",
            )
            self._count(timed_out)
            raise timed_out from error
