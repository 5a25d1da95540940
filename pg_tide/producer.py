"""Records to partitions to Kafka, through one client after another.

After any failure the client is ended for good, and the next one sends, in order, what has no
acknowledgement yet: nothing else is ever sent again. All that is under way gets its answer
before, or it would be sent again although it was taken.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import chain
from typing import Protocol

from pg_tide import topics
from pg_tide.config import PipelineConfig
from pg_tide.delivery import Delivery
from pg_tide.errors import FatalError, LeaseLost, MessageError, PgTideError, TransientError
from pg_tide.kafka import ours
from pg_tide.lane import Lane
from pg_tide.message import Record
from pg_tide.record_size import Limits, too_large
from pg_tide.topics import Recreated, Topics, nobody

ANSWERS_WITHIN = 5.0  # seconds for what is under way when a client has failed
IN_TROUBLE = 1.0  # seconds for it while a broker is away


class Client(topics.Client, Protocol):
    """What a producer needs of a Kafka client, from its start to its end."""

    @property
    def trouble(self) -> PgTideError | None:
        """What keeps it from a broker at this moment: it goes on trying."""

    def compressed_size(self, record: Record) -> int:
        """How many bytes a batch of this record alone takes."""

    async def close(self) -> None:
        """End a client with nothing under way."""

    async def end(self) -> None:
        """End it for good, whatever is under way."""


class Producer:
    """Produces through the clients that `start_client` makes and starts, one after another.

    `configured_topics` are those that the configuration names, not a message. `recreated` is told
    of each topic that was deleted and made anew.
    """

    def __init__(
        self,
        start_client: Callable[[], Awaitable[Client]],
        config: PipelineConfig,
        configured_topics: frozenset[str] = frozenset(),
        recreated: Recreated = nobody,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start_client = start_client
        self._topics = Topics(config, configured_topics, self.fail, recreated, clock)
        self.limits = Limits(config.max_request_size, self._look)
        self._client: Client | None = None
        self._latest: Client | None = None  # also when it has ended
        self._opened = asyncio.Event()
        self._failure: asyncio.Future[PgTideError] | None = None
        self.refusal: MessageError | None = None
        """What brokers refused records for, in the last run that ended so."""

    @property
    def unfinished(self) -> int:
        """How many records have no end yet."""
        return self._topics.unfinished

    @property
    def failed(self) -> bool:
        """Whether the client in use is about to be ended, or was: `run` says why."""
        return self._failure is not None and self._failure.done()

    @property
    def trouble(self) -> PgTideError | None:
        """What keeps the client in use from a broker at this moment, if it is known."""
        return None if self._client is None else self._client.trouble

    @property
    def unanswered(self) -> float:
        """How many seconds the oldest batch under way has waited for its acknowledgement."""
        sent = [one.sent_at for one in self._topics.lanes if one.sent_at is not None]
        return time.monotonic() - min(sent) if sent else 0.0

    async def run(self) -> None:
        """Start a client and send through it until it fails: TransientError or FatalError.

        Returns when the brokers refused records, or a batch that holds such a one: their
        deliveries know, and the next client may come at once. When it is over no record is under
        way. Cancelling it ends the client.
        """
        self._failure = asyncio.get_running_loop().create_future()
        self.refusal = None
        client = await self._start_client()
        try:
            await self._topics.learn_again(client)
            if not self._failure.done():
                self._open(client)
            failure = await self._failure
            if not isinstance(failure, LeaseLost):
                await self._answers(client)
        finally:
            self._opened.clear()
            self._client = None
            for one in self._topics.lanes:
                one.shut()
            await (client.end() if self.unfinished else client.close())
        for one in self._topics.lanes:
            one.tell()
        if self.refusal is None or isinstance(failure, LeaseLost):
            raise failure

    def _open(self, client: Client) -> None:
        self._client = self._latest = client
        for topic in self._topics.known.values():
            self.limits.lower(topic.max_bytes)
            topic.open(client)
        self._opened.set()

    async def _answers(self, client: Client) -> None:
        """Wait for the answers to what is under way; nothing else is sent."""
        under_way = {task for one in self._topics.lanes if (task := one.hold()) is not None}
        if under_way:
            most = ANSWERS_WITHIN if client.trouble is None else IN_TROUBLE
            await asyncio.wait(under_way, timeout=most)

    def fail(self, error: Exception) -> None:
        """End the client that is in use: `run` raises this error, mapped to one of ours.

        For a MessageError it returns: the deliveries know of that.
        """
        if isinstance(error, MessageError):
            self.refusal = error
        if self._failure is not None and not self._failure.done():
            self._failure.set_result(ours(error))
            self._opened.clear()

    async def ready(self) -> Client:
        """Wait for a client to be in use."""
        while True:
            await self._opened.wait()
            if self._client is not None:
                return self._client

    async def learn(self, name: str, *, anew: bool = False) -> None:
        """Have a topic ready, as it is now; `anew`, also if it was refused lately.

        Waits for a topic that the configuration names, as for any outage; raises MessageError
        for one that was rendered from a message and is missing, or not for us.
        """
        while True:
            client = await self.ready()
            try:
                if await self._topics.learn(client, name, anew=anew):
                    topic = self._topics.known[name]
                    self.limits.lower(topic.max_bytes)
                    topic.open(await self.ready())  # perhaps another one by now
            except (TransientError, FatalError) as error:
                if client is self._client:
                    self.fail(error)
            else:
                return

    def _look(self, record: Record, size: int) -> None:
        """Compress a record that may be too large for its topic, and see."""
        limit = self._topics.known[record.topic].max_bytes
        if limit is not None and size > limit and self._latest is not None:
            compressed = self._latest.compressed_size(record)
            if compressed > limit:
                raise too_large(compressed, f'max.message.bytes of topic "{record.topic}"', limit)

    def produce(self, records: Sequence[tuple[Record, ...]], *, more: bool = False) -> Delivery:
        """Send records, those of each message together, to topics that were learned before.

        Returns at once; the delivery is done when every record was acknowledged, or refused. With
        `more` to come at once, only full batches go before those come, or `pump` is called.
        """
        flat = list(chain.from_iterable(records))
        delivery = Delivery(len(flat))
        touched: list[Lane] = []
        for name, of_topic in by_topic(flat).items():
            touched += self._topics.known[name].put(of_topic, delivery)
        for one in touched:
            one.pump(more=more)
        return delivery

    def pump(self) -> None:
        """Nothing more comes at once: what waits for it goes."""
        for one in self._topics.lanes:
            if one.unfinished:
                one.pump()

    def hurry(self) -> None:
        """Let nothing linger that is here now: nothing more comes for it to wait for."""
        self._topics.hurry()

    def withdraw(self, records: Collection[Record]) -> set[int]:
        """Take back records that have no acknowledgement yet; the `id()` of each that was.

        Only between two runs.
        """
        return self._topics.withdraw({id(record) for record in records}) if records else set()

    async def drained(self) -> None:
        """Wait until every record was acknowledged, refused or withdrawn."""
        await self._topics.drained()


def by_topic(records: list[Record]) -> dict[str, list[Record]]:
    """Records by topic, in order: mostly there is one."""
    names = {record.topic for record in records}
    if len(names) == 1:
        return {names.pop(): records}
    found: dict[str, list[Record]] = {name: [] for name in names}
    for record in records:
        found[record.topic].append(record)
    return found
