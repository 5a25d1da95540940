"""Kafka in memory: brokers, and clients of them for a real Producer."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pg_tide.errors import BatchRefused, FatalError, MessageError, PgTideError, TransientError
from pg_tide.kafka import Topic
from pg_tide.message import Record

RECORD_OVERHEAD = 70  # bytes


class FakeBatch:
    """Records of one request, up to a size; the first one is always taken."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.records: list[tuple[Any, ...]] = []
        self.size = 0

    def extend(self, records: Sequence[Record]) -> int:
        """Add records until the batch is full; how many were added."""
        return sum(itertools.takewhile(bool, map(self._add, records)))

    def _add(self, record: Record) -> bool:
        size = RECORD_OVERHEAD + len(record.key or b"") + len(record.value or b"")
        if self.records and self.size + size > self._max_bytes:
            return False
        headers = tuple(record.headers)
        self.records.append((record.key, record.value, headers, record.timestamp_ms))
        self.size += size
        return True


@dataclass
class FakeTopic:
    """A topic: what each partition holds, as (key, value, headers, timestamp in ms)."""

    partitions: list[list[tuple[Any, ...]]]
    max_bytes: int | None
    id: str | None = None
    # The sequence number that each partition expects next of each client it knows.
    expected: dict[tuple["FakeClient", int], int] = field(default_factory=dict)


class FakeKafka:
    """Brokers in memory. Hand `start` to a Producer, and it has clients of them.

    As with the real ones, a batch that was refused has used its sequence number: a partition
    that knows the client refuses all its later ones, one that does not takes the next.
    """

    def __init__(self, max_request_size: int = 1_000_000) -> None:
        self.max_request_size = max_request_size
        self.topics: dict[str, FakeTopic] = {}
        self.clients: list[FakeClient] = []
        self._created = 0
        self.refusals: list[Exception] = []
        """Errors for the batches to come, one each; the batch is not taken."""
        self.bad_values: set[bytes | None] = set()
        """A batch with a record of such a value is refused for it."""
        self.names_them = False
        """Whether it is said which records those are, as brokers do since 2.4."""
        self.answering = asyncio.Event()
        """While cleared, batches wait."""
        self.answering.set()
        self.hidden: set[str] = set()
        """Topics that clients may not read about."""
        self.sealed: set[str] = set()
        """Topics that clients may not write."""
        self.default_partitions = 1
        """Of topics that clients create."""
        self.under_way: Counter[tuple[str, int]] = Counter()
        self.most_under_way = 0
        """The most batches that one partition ever had under way."""

    def create_topic(self, name: str, partitions: int = 1, max_bytes: int | None = None) -> None:
        """Create a topic; one that is there is another then, as clients know at once."""
        self._created += 1
        made = FakeTopic([[] for _ in range(partitions)], max_bytes, f"id-{self._created}")
        self.topics[name] = made
        for client in self.clients:
            client.refreshed()

    def add_partitions(self, name: str, total: int) -> None:
        """Give a topic more partitions; clients know at once."""
        topic = self.topics[name]
        topic.partitions += [[] for _ in range(total - len(topic.partitions))]

    async def start(self) -> "FakeClient":
        """Make and start a client."""
        client = FakeClient(self)
        self.clients.append(client)
        return client

    def take(self, client: "FakeClient", batch: FakeBatch, place: tuple[str, int], n: int) -> None:
        """Answer a batch, the client's n-th for this partition; raises what the brokers say."""
        if self.refusals:
            raise self.refusals.pop(0)
        if place[0] in self.sealed:
            raise not_authorized(place[0])
        topic, partition = self.topics[place[0]], place[1]
        if topic.max_bytes is not None and batch.size > topic.max_bytes:
            raise refusal("the batch is larger than the topic allows", "too_large")
        bad = [at for at, record in enumerate(batch.records) if record[1] in self.bad_values]
        if bad:
            raise refusal("the record is bad", "invalid_record", bad if self.names_them else ())
        if topic.expected.get((client, partition), n) != n:
            raise TransientError("a batch before this one was refused", reason="sequence_lost")
        topic.expected[client, partition] = n + 1
        topic.partitions[partition] += batch.records


class FakeClient:
    """One client, from its start to its end."""

    def __init__(self, kafka: FakeKafka) -> None:
        self._kafka = kafka
        self._sent: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.batches_sent = 0
        self.trouble: PgTideError | None = None
        """What keeps it from a broker."""
        self.closed = False
        self.ended = False
        self.refreshed: Callable[[], None] = lambda: None

    async def topic(self, name: str, *, patient: bool = True) -> Topic:  # noqa: ARG002
        """Ask for a topic; raises TransientError `topic_missing` when there is none."""
        if name in self._kafka.hidden:
            raise not_authorized(name)
        if name not in self._kafka.topics:
            raise TransientError(f'topic "{name}" does not exist', reason="topic_missing")
        return Topic(self.partitions(name), self._kafka.topics[name].max_bytes)

    def topic_id(self, name: str) -> str | None:
        """The id of a topic."""
        topic = self._kafka.topics.get(name)
        return None if topic is None or self.ended or self.closed else topic.id

    def watch(self, names: Iterable[str], refreshed: Callable[[], None]) -> None:
        """Tell of these topics now; later, whenever one is created."""
        del names
        self.refreshed = refreshed
        refreshed()

    def partitions(self, name: str) -> int:
        """How many partitions a topic has; 0 when there is none."""
        topic = self._kafka.topics.get(name)
        return 0 if topic is None else len(topic.partitions)

    async def create_topic(self, name: str, partitions: int, replication: int) -> None:
        """Create a topic, or find that it is there; -1 is the brokers' default for either."""
        if replication > 1:
            raise FatalError("there is but one broker", reason="topic_creation_refused")
        if name not in self._kafka.topics:
            count = self._kafka.default_partitions if partitions == -1 else partitions
            self._kafka.create_topic(name, count)

    def batch(self, max_bytes: int | None = None) -> FakeBatch:
        """An empty batch that takes so many bytes, or as many as a request may have."""
        most = self._kafka.max_request_size
        return FakeBatch(most if max_bytes is None else min(most, max_bytes))

    def compressed_size(self, record: Record) -> int:
        """How many bytes a batch of this record alone takes: nothing is compressed here."""
        return RECORD_OVERHEAD + len(record.key or b"") + len(record.value or b"")

    async def send(self, batch: FakeBatch, topic: str, partition: int) -> None:
        """Produce a batch; returns when it was acknowledged."""
        place, kafka = (topic, partition), self._kafka
        number = self._sent[place]
        self._sent[place] += 1
        self.batches_sent += 1
        kafka.under_way[place] += 1
        kafka.most_under_way = max(kafka.most_under_way, kafka.under_way[place])
        try:
            await asyncio.sleep(0)
            await kafka.answering.wait()
            if self.ended or self.closed:
                raise TransientError("the client has ended", reason="kafka_unreachable")
            kafka.take(self, batch, place, number)
        finally:
            kafka.under_way[place] -= 1

    async def close(self) -> None:
        """End a client with nothing under way."""
        self.closed = True

    async def end(self) -> None:
        """End it for good, whatever is under way."""
        self.ended = True


def refusal(text: str, reason: str, places: Sequence[int] = ()) -> BatchRefused:
    """What brokers say of a batch for the sake of records, which they may name by place."""
    refused = BatchRefused(text, stage="produce", reason=reason)
    refused.named = {at: MessageError(text, stage="produce", reason=reason) for at in places}
    return refused


def not_authorized(topic: str) -> FatalError:
    """What brokers say of a topic that is not for this client."""
    return FatalError(f'topic "{topic}" is not for this user', reason="topic_not_authorized")
