"""One partition of a topic: its records go out in order, one unfinished batch at a time.

With several batches of a partition handed over at once, a broker that refuses the first may
acknowledge the second: so the next one is filled, but sent only when its predecessor has been
acknowledged. What was not acknowledged stays here, in order, for the next client.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from pg_tide.message import Record


class Delivery:
    """A batch's records on their way: how many have yet to be acknowledged.

    `acknowledged_at` is when the last one was, in seconds since 1970; `on_done` is called then.
    """

    __slots__ = ("acknowledged_at", "on_done", "pending")

    def __init__(self, pending: int) -> None:
        self.pending = pending
        self.acknowledged_at = 0.0
        self.on_done: Callable[[], None] | None = None
        self.acknowledged(0)

    def acknowledged(self, count: int) -> None:
        """So many records more have been acknowledged."""
        self.pending -= count
        if self.pending == 0:
            self.acknowledged_at = time.time()
            if self.on_done is not None:
                self.on_done()

    @property
    def done(self) -> bool:
        """Whether every record has been acknowledged."""
        return self.pending == 0


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
        self._empty = asyncio.Event()
        self._empty.set()
        self._client: Client | None = None
        self._waiting: deque[tuple[Record, Delivery]] = deque()
        self._filled: list[tuple[Record, Delivery]] = []  # in the batch that goes next
        self._sent: list[tuple[Record, Delivery]] = []  # in the batch under way
        self._batch: Any = None
        self._task: asyncio.Task[None] | None = None
        self.sent_at: float | None = None  # monotonic seconds; None with no batch under way

    @property
    def unfinished(self) -> int:
        """How many records have no acknowledgement yet."""
        return len(self._waiting) + len(self._filled) + len(self._sent)

    def put(self, record: Record, delivery: Delivery) -> None:
        """Add a record behind all others; `pump` then moves it on."""
        self._waiting.append((record, delivery))
        self._empty.clear()

    async def drained(self) -> None:
        """Wait until every record was acknowledged or given up, through however many clients."""
        await self._empty.wait()

    def open(self, client: Client) -> None:
        """Send through this client from now on, first what has no acknowledgement yet."""
        self._client = client
        self.pump()

    def shut(self) -> None:
        """Send no more, and put what has no acknowledgement back in front, in order."""
        self._client = None
        self._end_lingering()
        if self._task is not None:
            self._task.cancel()
            self._task, self.sent_at = None, None
        self._waiting.extendleft(reversed(self._sent + self._filled))
        self._sent, self._filled, self._batch = [], [], None

    def give_up(self) -> None:
        """Forget what has no acknowledgement: it can not go. Its deliveries are never done."""
        self.shut()
        self._waiting.clear()
        self._empty.set()

    def hurry(self) -> None:
        """Send what is here without lingering: nothing can fill its batches further."""
        if not self._hurried and self.unfinished:
            self._hurried = True
            self.pump()

    def pump(self) -> None:
        """Fill the next batch, and send it unless one is under way or it lingers."""
        if self._client is None:
            return
        full = self._fill(self._client)
        if self._filled and (full or self._hurried or self._lingered()) and self._task is None:
            self._go(self._client)

    def _go(self, client: Client) -> None:
        self._end_lingering()
        batch, self._batch = self._batch, None
        self._sent, self._filled = self._filled, []
        self.sent_at = time.monotonic()
        self._task = asyncio.create_task(self._send(client, batch))
        self.pump()  # the next one is filled meanwhile

    def _lingered(self) -> bool:
        if not self._has_lingered and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._filling.linger, self._linger_no_more)
        return self._has_lingered

    def _linger_no_more(self) -> None:
        self._has_lingered = True
        self.pump()

    def _end_lingering(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._has_lingered = None, False

    def _fill(self, client: Client) -> bool:
        """Fill the next batch; whether it takes no more."""
        waiting, filled, most = self._waiting, self._filled, self._filling.records
        if self._batch is None and waiting:
            self._batch = client.batch(self.max_bytes)
        for _ in range(min(len(waiting), most - len(filled))):
            record, _ = waiting[0]
            added = self._batch.append(
                timestamp=record.timestamp_ms,
                key=record.key,
                value=record.value,
                headers=record.headers,
            )
            if added is None:
                return True
            filled.append(waiting.popleft())
        return len(filled) >= most

    async def _send(self, client: Client, batch: Any) -> None:
        try:
            await client.send(batch, self.topic, self.partition)
        except Exception as error:
            self._failed(error)
            return
        sent, self._sent, self._task, self.sent_at = self._sent, [], None, None
        self._acknowledge(sent)
        self.pump()
        if not self.unfinished:
            self._hurried = not self._filling.linger
            self._empty.set()

    @staticmethod
    def _acknowledge(sent: list[tuple[Record, Delivery]]) -> None:
        last, count = sent[0][1], 0
        for _, delivery in sent:
            if delivery is not last:
                last.acknowledged(count)
                last, count = delivery, 0
            count += 1
        last.acknowledged(count)
