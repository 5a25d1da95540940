"""One partition of a topic: its records go out in order, one unfinished batch at a time.

With several batches of a partition handed over at once, a broker that refuses the first may
acknowledge the second: so the next one is filled, but sent only when its predecessor has been
acknowledged. What was not acknowledged stays here, in order, for the next client. Of a batch
that brokers refuse for a record's sake, that record alone is dropped, once it is found.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, Protocol

from pg_tide.delivery import Delivery, Runs
from pg_tide.errors import BatchRefused, MessageError
from pg_tide.message import Record
from pg_tide.record_size import TOO_LARGE, size_of


class Client(Protocol):
    """What a lane needs of a Kafka client."""

    def batch(self, max_bytes: int | None) -> Any:
        """An empty batch that takes so many bytes, or as many as a request may have."""

    async def send(self, batch: Any, topic: str, partition: int) -> None:
        """Produce a batch; returns when it was acknowledged."""


class Filling(NamedTuple):
    """How batches are filled: with so many records at most, waiting so many seconds for them."""

    linger: float = 0.0
    records: int = sys.maxsize


class Lane:
    """The records of one partition that have no acknowledgement yet, in order.

    A batch that takes no more goes at once, any other when it has lingered.
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        max_bytes: int | None,
        failed: Callable[[Exception], None],
        filling: Filling = Filling(),  # noqa: B008 - it never changes
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.max_bytes = max_bytes
        self._failed = failed
        self._filling = filling
        self._hurried = not filling.linger  # until it is empty
        self._timer: asyncio.TimerHandle | None = None
        self._has_lingered = False
        self._more = False  # comes at once, of what is handed over now
        self._empty = asyncio.Event()
        self._empty.set()
        self._client: Client | None = None
        self._waiting = Runs()
        self._filled = Runs()  # in the batch that goes next
        self._sent = Runs()  # in the batch under way
        self._batch: Any = None
        self._task: asyncio.Task[None] | None = None
        self._most = filling.records  # that a batch takes at this moment
        self._cap = sys.maxsize  # bytes of a batch, where brokers refused more
        self._suspects = 0  # records in front that hold one which brokers refuse
        self._refused: list[tuple[Record, Delivery, MessageError]] = []
        self.fault: MessageError | None = None  # for which nothing can go here
        self.sent_at: float | None = None  # monotonic seconds; None with no batch under way

    @property
    def unfinished(self) -> int:
        """How many records have no end yet."""
        return len(self._waiting) + len(self._filled) + len(self._sent) + len(self._refused)

    def put(self, records: list[Record], delivery: Delivery) -> None:
        """Add records of one delivery behind all others; `pump` then moves them on."""
        self._waiting.add(records, delivery)
        self._empty.clear()

    async def drained(self) -> None:
        """Wait until every record has its end, through however many clients."""
        await self._empty.wait()

    def open(self, client: Client) -> None:
        """Send through this client from now on, first what has no acknowledgement yet."""
        self._client = client
        self.pump()

    def hold(self) -> asyncio.Task[None] | None:
        """Send no more; what is under way still gets its answer, when the task given ends."""
        self._client = None
        self._end_lingering()
        return self._task

    def shut(self) -> None:
        """Send no more, and put what has no acknowledgement back in front, in order."""
        self.hold()
        if self._task is not None:
            self._task.cancel()
            self._task, self.sent_at = None, None
        self._waiting.put_back(self._filled)
        self._waiting.put_back(self._sent)
        self._sent, self._filled, self._batch = Runs(), Runs(), None

    def withdraw(self, records: AbstractSet[int]) -> set[int]:
        """Take back records by their `id()`, of a lane that is shut; which of them were here."""
        taken = [pair for pair in self._waiting if id(pair[0]) in records]
        self._waiting.keep(lambda _, record, __: id(record) not in records)
        for _, delivery in taken:
            delivery.withdrawn(1)
        self._look_whether_empty()
        return {id(record) for record, _ in taken}

    def tell(self) -> None:
        """Tell the deliveries of the records that were refused, of a lane that is shut."""
        told, self._refused = self._refused, []
        if self.fault is not None:
            told += [(record, delivery, self.fault) for record, delivery in self._waiting]
            self._waiting.clear()
        for record, delivery, error in told:
            delivery.refused(record, error)
        self._look_whether_empty()

    def _look_whether_empty(self) -> None:
        if not self.unfinished:
            self._hurried = not self._filling.linger
            self._empty.set()

    def hurry(self) -> None:
        """Send what is here without lingering, also if more was to come at once."""
        if self.unfinished:
            self._hurried = True
            self.pump()

    def pump(self, *, more: bool = False) -> None:
        """Fill the next batch, and send it unless one is under way or it lingers.

        With `more` to come at once it goes only when it is full, until this is called without.
        """
        self._more = more
        if self._client is None:
            if self.fault is not None:
                self._failed(self.fault)
            return
        if self._suspects and self._task is not None:
            return  # its answer says how large the next one may be
        full = self._fill(self._client)
        if self._filled and self._task is None and (full or not (self._more or self._lingers())):
            self._go(self._client)

    def _go(self, client: Client) -> None:
        self._end_lingering()
        batch, self._batch = self._batch, None
        self._sent, self._filled = self._filled, Runs()
        self.sent_at = time.monotonic()
        self._task = asyncio.create_task(self._send(client, batch))
        self.pump(more=self._more)  # the next one is filled meanwhile

    def _lingers(self) -> bool:
        if self._hurried or self._has_lingered:
            return False
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._filling.linger, self._linger_no_more)
        return True

    def _linger_no_more(self) -> None:
        self._has_lingered = True
        self.pump(more=self._more)

    def _end_lingering(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._has_lingered = None, False

    def _fill(self, client: Client) -> bool:
        """Fill the next batch; whether it takes no more."""
        waiting, filled = self._waiting, self._filled
        most = max(1, self._suspects // 2) if self._suspects else self._most
        if not waiting:
            return len(filled) >= most
        if self._batch is None:
            self._batch = client.batch(min(self.max_bytes or sys.maxsize, self._cap))
        while waiting and len(filled) < most:
            records, delivery = waiting.front()
            if len(records) > most - len(filled):
                records = records[: most - len(filled)]
            added = self._batch.extend(records)
            filled.add(records if added == len(records) else records[:added], delivery)
            waiting.drop(added)
            if added < len(records):
                return True
        return len(filled) >= most

    async def _send(self, client: Client, batch: Any) -> None:
        try:
            await client.send(batch, self.topic, self.partition)
        except Exception as error:
            self._task, self.sent_at = None, None
            self.hold()
            if isinstance(error, MessageError):
                self._look_for_the_guilty(error)
            self._failed(error)
            return
        sent, self._sent, self._task, self.sent_at = self._sent, Runs(), None, None
        sent.acknowledge()
        if self._suspects or self._most < self._filling.records:
            self._suspects = max(0, self._suspects - len(sent))
            self._most = min(self._most * 2, self._filling.records)
        self.pump(more=self._more)
        self._look_whether_empty()

    def _look_for_the_guilty(self, error: MessageError) -> None:
        """Drop the records that brokers name, or the only one of a batch, or halve it.

        A bad record seldom comes alone: batches grow anew behind one that was found by halving,
        so that a run of them is passed with a refusal each. No record is at fault where several
        together are too large: less is sent at a time from then on.
        """
        told = error.named if isinstance(error, BatchRefused) else {}
        named = {place: why for place, why in told.items() if place < len(self._sent)}
        self._suspects = 0
        if not named and len(self._sent) > 1 and error.reason == TOO_LARGE:
            self._cap = min(self._cap, sum(size_of(record) for record, _ in self._sent)) // 2
        elif not named and len(self._sent) > 1:
            self._suspects = len(self._sent)
        elif not named:
            named, self._most = {0: error}, 1
        for place, (record, delivery) in enumerate(self._sent):
            if place in named:
                self._refused.append((record, delivery, named[place]))
        self._sent.keep(lambda place, _, __: place not in named)
