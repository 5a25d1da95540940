"""The last step of the path: dead letters and the position that passes them, in one transaction.

What is counted is counted after it is durable.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from pg_tide import log
from pg_tide.condition import Condition, retrying
from pg_tide.dead_letter import DeadLetters
from pg_tide.errors import TransientError
from pg_tide.in_flight import Entry, Settled
from pg_tide.message import Rejected
from pg_tide.metrics import Meter
from pg_tide.outbox import Outbox

Write = Callable[[Settled], Awaitable[set[str]]]
logger = log.get("pipeline")
LOOK = 1.0  # seconds between two looks whether what was just put aside may go already
ALIKE = 10.0  # seconds between two lines of the log on the same error


class Settling:
    """Of one pipeline. `replay` is set when dead letters may be there to be tried again.

    `replayed` is set when those that were tried have their end, `at_once` when nothing that has
    its end shall wait for others.
    """

    def __init__(
        self,
        pipeline: str,
        outbox: Outbox,
        letters: DeadLetters,
        meter: Meter,
        report: Callable[[Condition], None],
        write: Callable[[Settled, Write], Awaitable[set[str]]] | None = None,
    ) -> None:
        self._report = report
        self._write = write
        self._log = logger.bind(pipeline=pipeline)
        self._outbox = outbox
        self._letters = letters
        self._meter = meter
        self._settled = asyncio.Event()
        self._entries = 0  # handed over, and not written of
        self._in_a_hurry = 0
        self._looked = 0.0
        self._told: dict[tuple[str, str], float] = {}
        self._untold: Counter[tuple[str, str]] = Counter()
        self.replay = asyncio.Event()
        self.replayed = asyncio.Event()
        self.at_once = asyncio.Event()

    @contextlib.contextmanager
    def hurrying(self) -> Iterator[None]:
        """Have nothing that has its end wait for others, for as long."""
        self._in_a_hurry += 1
        self.at_once.set()
        try:
            yield
        finally:
            self._in_a_hurry -= 1
            if not self._in_a_hurry:
                self.at_once.clear()

    def expect(self) -> None:
        """An entry is on its way."""
        self._entries += 1

    async def rest(self, seconds: float) -> None:
        """Let more come to its end, unless that is in a hurry."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.at_once.wait()

    async def all_settled(self) -> None:
        """Wait until the position has passed everything that was on its way."""
        while self._entries:
            self._settled.clear()
            await self._settled.wait()

    async def all_written(self) -> None:
        """Wait until every message that is put aside is in the dead letters."""
        while self._letters.unwritten:
            self._settled.clear()
            await self._settled.wait()

    async def settle(self, done: Settled) -> None:
        """Write what has its end, then tell of it."""
        began = time.perf_counter()
        aside, again = done.aside, done.replayed
        left = await self._commit(done)
        self._meter.stage("commit", began)
        self._count(done)
        self.tell(aside)
        if self._letters.written(aside) or again or self._may_be_free(aside):
            self.replay.set()
        self._entries -= len(done.entries)
        self._settled.set()
        for entry in again:
            self._letters.replayed(keys_through(entry), left)
            self.replayed.set()

    async def _commit(self, done: Settled) -> set[str]:
        """Commit, however long an operator keeps the position locked."""
        while True:
            try:
                if self._write is not None:
                    return await self._write(done, self._move)
                return await self._move(done)
            except TransientError as error:
                if error.reason != "position_locked":
                    raise
                self._report(retrying(error, 0.0))

    async def _move(self, done: Settled) -> set[str]:
        return await self._outbox.commit(
            done.end, done.delivered, done.filtered, done.aside, done.ends
        )

    def _may_be_free(self, aside: list[Rejected]) -> bool:
        """Whether to look if a key is still parked: its first message may have been discarded."""
        now = time.monotonic()
        if now < self._looked + LOOK or not any(one.follows for one in aside):
            return False
        self._looked = now
        return True

    def _count(self, done: Settled) -> None:
        meter = self._meter
        meter.count("messages_delivered_total", done.delivered)
        meter.count("messages_filtered_total", done.filtered)
        for entry in done.entries:
            meter.count("delivered_bytes_total", entry.record_bytes)
            meter.took("produce", entry.delivery.acknowledged_at - entry.sent_at)
            if entry.batch.replay:
                meter.count("messages_retried_total", len(entry.batch.messages))
                continue
            for rejected in entry.rejected.values():
                meter.count("messages_dead_lettered_total", stage=rejected.error.stage)
            meter.delivered(entry.delivery.acknowledged_at, entry.batch.published_us)

    def tell(self, aside: list[Rejected]) -> None:
        """Tell of messages put aside, but not of all that is alike, or waits for another."""
        now = time.monotonic()
        for one in aside:
            kind = one.error.stage, one.error.reason
            if one.follows:
                continue
            if now < self._told.get(kind, 0.0) + ALIKE:
                self._untold[kind] += 1
                continue
            self._told[kind] = now
            self._log.warning(
                "put aside",
                message=one.message.id,
                stage=one.error.stage,
                reason=f"{one.error.reason}: {one.error.message}",
                hint=one.error.hint,
                alike_before=self._untold.pop(kind, 0),
            )


def keys_through(entry: Entry) -> set[str]:
    """The keys of which no message is put aside still, of those in this batch."""
    keys: dict[bool, set[str]] = {True: set(), False: set()}
    for place, message in enumerate(entry.batch.messages):
        if message.key is not None:
            keys[place in entry.rejected].add(message.key)
    return keys[False] - keys[True]
