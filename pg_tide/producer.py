"""Records to partitions to Kafka, through one client after another.

The partition of a record is chosen here, from its key's bytes, as the Java client would. After
any failure the client is ended for good, and the next one sends, in order, what has no
acknowledgement yet: nothing else is ever sent again.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pg_tide import lane
from pg_tide.errors import FatalError, MessageError, TransientError
from pg_tide.kafka import Topic, ours
from pg_tide.lane import Delivery, Lane
from pg_tide.message import Record
from pg_tide.partition import java_partition

RECORD_OVERHEAD = 91  # bytes at most: the batch's header, and lengths and deltas of one record
HEADER_OVERHEAD = 10
CACHED_KEYS = 100_000
TOPIC_CHANGED = "topic_changed"  # the reason of an error after which records must be routed anew


class Client(lane.Client, Protocol):
    """What a producer needs of a Kafka client, from its start to its end."""

    async def topic(self, name: str) -> Topic:
        """Ask for a topic; raises TransientError `topic_missing` when there is none."""

    def partitions(self, name: str) -> int:
        """How many partitions a topic has, as of the last refresh."""

    def compressed_size(self, record: Record) -> int:
        """How many bytes a batch of this record alone takes."""

    async def close(self) -> None:
        """End a client with nothing under way."""

    async def end(self) -> None:
        """End it for good, whatever is under way."""


class TopicLanes:
    """A topic's lanes, as many as it has partitions, and how keys fall on them."""

    def __init__(self, name: str, topic: Topic, failed: Callable[[Exception], None]) -> None:
        self.name = name
        self.max_bytes = topic.max_bytes
        self._failed = failed
        self.lanes: list[Lane] = []
        self.grow(topic.partitions)
        self._of_key: dict[bytes, Lane] = {}
        self._turn = itertools.count()

    def grow(self, partitions: int) -> None:
        """Have so many lanes; keys fall on them anew."""
        for number in range(len(self.lanes), partitions):
            self.lanes.append(Lane(self.name, number, self.max_bytes, self._failed))
        self._of_key = {}

    def limit(self, max_bytes: int | None) -> None:
        """Fill batches up to so many bytes from now on."""
        self.max_bytes = max_bytes
        for one in self.lanes:
            one.max_bytes = max_bytes

    @property
    def unfinished(self) -> int:
        """How many records have no acknowledgement yet."""
        return sum(one.unfinished for one in self.lanes)

    def lane_of(self, record: Record) -> Lane:
        """Where a record goes: by its key like the Java client; without a key, in turn."""
        key = record.key if record.partition_by is None else record.partition_by
        if key is None:
            return self.lanes[next(self._turn) % len(self.lanes)]
        found = self._of_key.get(key)
        if found is None:
            if len(self._of_key) >= CACHED_KEYS:
                self._of_key.clear()
            found = self._of_key[key] = self.lanes[java_partition(key, len(self.lanes))]
        return found


class Producer:
    """Produces through the clients that `start_client` makes and starts, one after another.

    `configured_topic` is the topic that the configuration names, if it names one.
    """

    def __init__(
        self,
        start_client: Callable[[], Awaitable[Client]],
        max_request_size: int,
        configured_topic: str | None = None,
    ) -> None:
        self._start_client = start_client
        self._max_request_size = max_request_size
        self._configured_topic = configured_topic
        self._topics: dict[str, TopicLanes] = {}
        self._client: Client | None = None
        self._latest: Client | None = None  # also when it has ended
        self._opened = asyncio.Event()
        self._failure: asyncio.Future[None] | None = None

    @property
    def unfinished(self) -> int:
        """How many records have no acknowledgement yet."""
        return sum(topic.unfinished for topic in self._topics.values())

    @property
    def unanswered(self) -> float:
        """How many seconds the oldest batch under way has waited for its acknowledgement."""
        sent = [one.sent_at for one in self._lanes() if one.sent_at is not None]
        return time.monotonic() - min(sent) if sent else 0.0

    async def run(self) -> None:
        """Start a client and send through it until it fails: TransientError or FatalError.

        Cancelling it ends the client.
        """
        self._failure = asyncio.get_running_loop().create_future()
        client = await self._start_client()
        try:
            await self._relearn(client)
            self._open(client)
            await self._failure
        finally:
            self._opened.clear()
            self._client = None
            idle = not self.unfinished
            for one in self._lanes():
                one.shut()
            await (client.close() if idle else client.end())

    async def _relearn(self, client: Client) -> None:
        """Ask anew for the topics that records wait for: they may have been made anew."""
        waiting = [(name, topic) for name, topic in self._topics.items() if topic.unfinished]
        for name, topic in waiting:
            now = await client.topic(name)
            if now.partitions < len(topic.lanes):
                raise TransientError(
                    f'topic "{name}" has {now.partitions} partitions, not {len(topic.lanes)} '
                    "any more: it was made anew",
                    reason=TOPIC_CHANGED,
                )
            topic.limit(now.max_bytes)

    def _lanes(self) -> list[Lane]:
        return [one for topic in self._topics.values() for one in topic.lanes]

    def _open(self, client: Client) -> None:
        self._client = self._latest = client
        for one in self._lanes():
            one.open(client)
        self._opened.set()

    def fail(self, error: Exception) -> None:
        """End the client that is in use: `run` raises this error, mapped to one of ours."""
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(ours(error))
            self._opened.clear()

    async def ready(self) -> Client:
        """Wait for a client to be in use."""
        while True:
            await self._opened.wait()
            if self._client is not None:
                return self._client

    async def learn(self, name: str) -> None:
        """Have a topic ready, as it is now.

        Waits for a missing topic that the configuration names, as for any outage; raises
        MessageError for one that was rendered from a message.
        """
        while True:
            client = await self.ready()
            try:
                return await self._learn(client, name)
            except TransientError as error:
                if error.reason == "topic_missing" and name != self._configured_topic:
                    raise MessageError(
                        error.message, stage="produce", reason=error.reason, hint=error.hint
                    ) from error
                self._fail_client(client, error)
            except FatalError as error:
                self._fail_client(client, error)

    def _fail_client(self, client: Client, error: Exception) -> None:
        """End the client that was asked, unless another has taken its place."""
        if client is self._client:
            self.fail(error)

    async def _learn(self, client: Client, name: str) -> None:
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = TopicLanes(name, await client.topic(name), self.fail)
        elif client.partitions(name) > len(topic.lanes):
            # A key's last record on its old partition is acknowledged before the next goes
            # to its new one.
            for one in topic.lanes:
                await one.drained()
            topic.grow(client.partitions(name))
        else:
            return
        client = await self.ready()  # another one may have taken its place meanwhile
        for one in topic.lanes:
            one.open(client)

    def check(self, record: Record) -> int:
        """A record's bytes; MessageError for one too large for a request or its topic's brokers.

        A request is measured as the Java client does, before compression; brokers measure after it.
        """
        size = RECORD_OVERHEAD
        if record.value is not None:
            size += len(record.value)
        if record.key is not None:
            size += len(record.key)
        for name, value in record.headers:
            size += len(name) + len(value or b"") + HEADER_OVERHEAD
        if size > self._max_request_size:
            raise too_large(size, "max_request_size", self._max_request_size)
        limit = self._topics[record.topic].max_bytes
        if limit is not None and size > limit and self._latest is not None:
            compressed = self._latest.compressed_size(record)
            if compressed > limit:
                raise too_large(compressed, f'max.message.bytes of topic "{record.topic}"', limit)
        return size

    def produce(self, records: Sequence[tuple[Record, ...]]) -> Delivery:
        """Send records, those of each message together, to topics that were learned before.

        Returns at once; the delivery is done when every record was acknowledged.
        """
        delivery = Delivery(sum(map(len, records)))
        touched = set()
        for of_message in records:
            for record in of_message:
                found = self._topics[record.topic].lane_of(record)
                found.put(record, delivery)
                touched.add(found)
        for one in touched:
            one.pump()
        return delivery


def too_large(size: int, name: str, limit: int) -> MessageError:
    """The error of a record above one of the limits."""
    return MessageError(
        f"its record of {size} bytes is larger than {name} ({limit})",
        stage="produce",
        reason="too_large",
        hint="Publish a reference to the content instead, or raise max_request_size and the "
        "topic's max.message.bytes.",
    )
