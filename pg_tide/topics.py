"""The topics that records go to, each with a lane for every partition.

What is wrong with a topic that the configuration names is an outage, or the pipeline's failure;
what is wrong with one that only a message names is that message's error.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from pg_tide import lane
from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, MessageError, PgTideError, TransientError
from pg_tide.kafka import Topic, ours
from pg_tide.lane import Filling, Lane
from pg_tide.message import Record
from pg_tide.partition import Partitioner

TOPIC_CHANGED = "topic_changed"  # the reason of an error after which records must be routed anew
CREATED = 10  # times that a topic is asked for after it was created, each about half a second
# Reasons that are a message's own where the message names the topic.
OF_THE_TOPIC = {"topic_not_authorized", "topic_creation_not_authorized", "topic_invalid"}


class Client(lane.Client, Protocol):
    """What topics need of a Kafka client."""

    async def topic(self, name: str) -> Topic:
        """Ask for a topic; raises TransientError `topic_missing` when there is none."""

    async def create_topic(self, name: str, partitions: int, replication: int) -> None:
        """Create a topic, or find that it is there; -1 is the brokers' default for either."""

    def partitions(self, name: str) -> int:
        """How many partitions a topic has, as of the last refresh."""


class TopicLanes:
    """A topic's lanes, as many as it has partitions, and how keys fall on them.

    Raises FatalError `partition_missing` where there are fewer than the partitioner needs.
    """

    def __init__(
        self,
        name: str,
        topic: Topic,
        partitioner: Partitioner,
        filling: Filling,
        failed: Callable[[Exception], None],
    ) -> None:
        self.name = name
        self.max_bytes = topic.max_bytes
        self.lanes: list[Lane] = []
        self._partitioner = partitioner
        self._filling = filling
        self._failed = failed
        self.grow(topic.partitions)

    def grow(self, partitions: int) -> None:
        """Have so many lanes; keys fall on them anew."""
        self._choose = self._partitioner.for_topic(partitions, self.name)
        self._choose_without = self._partitioner.without_key(partitions, self.name)
        for number in range(len(self.lanes), partitions):
            one = Lane(self.name, number, self.max_bytes, self._failed, self._filling)
            self.lanes.append(one)

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
        """Where a record goes: by its key, or by what stands for it."""
        key = record.key if record.partition_by is None else record.partition_by
        return self.lanes[self._choose_without(key) if key is None else self._choose(key)]

    def open(self, client: Client) -> None:
        """Send through this client from now on, first what has no acknowledgement yet."""
        for one in self.lanes:
            one.open(client)

    async def drained(self) -> None:
        """Wait until every record was acknowledged or given up; none lingers."""
        for one in self.lanes:
            one.hurry()
        for one in self.lanes:
            await one.drained()


class Topics:
    """The topics that a pipeline has met; `configured` are those that its configuration names.

    `failed` is told when a client could not send.
    """

    def __init__(
        self,
        config: PipelineConfig,
        configured: frozenset[str],
        failed: Callable[[Exception], None],
    ) -> None:
        self.known: dict[str, TopicLanes] = {}
        self._config = config
        self._configured = configured
        self._failed = failed
        self._partitioner = Partitioner(config.partitioner, config.partition_fallback)
        self._filling = Filling(config.linger_ms / 1000, config.batch_size or sys.maxsize)
        self._refused: dict[str, MessageError] = {}
        self._refusal = asyncio.Event()

    @property
    def lanes(self) -> list[Lane]:
        """All lanes of all topics."""
        return [one for topic in self.known.values() for one in topic.lanes]

    @property
    def unfinished(self) -> int:
        """How many records have no acknowledgement yet."""
        return sum(topic.unfinished for topic in self.known.values())

    async def learn(self, client: Client, name: str) -> bool:
        """Have a topic's lanes, as many as it has partitions now; whether there are new ones."""
        topic = self.known.get(name)
        if name in self._refused:
            raise self._refused[name]
        if topic is None:
            now = await self._ask(client, name)
            failed = partial(self._send_failed, name)
            self.known[name] = TopicLanes(name, now, self._partitioner, self._filling, failed)
        elif client.partitions(name) > len(topic.lanes):
            # A key's last record on its old partition is acknowledged before the next goes
            # to its new one.
            await topic.drained()
            topic.grow(client.partitions(name))
        else:
            return False
        return True

    async def learn_again(self, client: Client) -> None:
        """Ask anew for the topics that records wait for: they may be gone, or made anew."""
        for name, topic in list(self.known.items()):
            if not topic.unfinished:
                continue
            try:
                now = await self._ask(client, name)
            except (TransientError, FatalError) as error:
                self._refuse(name, error)
                continue
            if now.partitions < len(topic.lanes):
                raise TransientError(
                    f'topic "{name}" has {now.partitions} partitions, not {len(topic.lanes)} '
                    "any more: it was made anew",
                    reason=TOPIC_CHANGED,
                )
            topic.limit(now.max_bytes)

    async def _ask(self, client: Client, name: str) -> Topic:
        """What the brokers say of a topic; if it is missing, and that is wanted, it is created."""
        try:
            return await client.topic(name)
        except TransientError as error:
            if error.reason != "topic_missing" or not self._config.auto_create_topics:
                raise
        config = self._config
        await client.create_topic(name, config.num_partitions, config.replication_factor)
        for _ in range(CREATED):  # not every broker has heard of it yet
            try:
                return await client.topic(name)
            except TransientError as error:
                if error.reason != "topic_missing":
                    raise
        raise TransientError(
            f'topic "{name}" was created, but no broker shows it yet', reason="topic_missing"
        )

    def fault(self, name: str, error: PgTideError) -> MessageError | None:
        """The error of the message that names this topic; None where it is not its fault."""
        missing = error.reason == "topic_missing" and not self._config.auto_create_topics
        if name in self._configured or not (missing or error.reason in OF_THE_TOPIC):
            return None
        text = error.message if name in error.message else f'topic "{name}": {error.message}'
        return MessageError(text, stage="produce", reason=error.reason, hint=error.hint)

    def _send_failed(self, name: str, error: Exception) -> None:
        """A batch could not be sent; if for its topic's sake, no other client will try it."""
        known = ours(error)
        # A broker that has just started may not know a topic: that is asked for again.
        if known.reason != "topic_missing" and self.fault(name, known) is not None:
            self._refuse(name, known)
            known = TransientError(known.message, reason=known.reason, hint=known.hint)
        self._failed(known)

    def _refuse(self, name: str, error: PgTideError) -> None:
        fault = self.fault(name, error)
        if fault is None:
            raise error
        for one in self.known[name].lanes:
            one.give_up()
        self._refused[name] = fault
        self._refusal.set()

    async def refused(self) -> Mapping[str, MessageError]:
        """Wait until records on their way can not go, for their topic's sake; by topic, why."""
        await self._refusal.wait()
        return self._refused

    async def drained(self) -> None:
        """Wait until every record was acknowledged or given up."""
        for topic in list(self.known.values()):
            await topic.drained()

    def hurry(self) -> None:
        """Let nothing linger that is here now."""
        if self._filling.linger:
            for one in self.lanes:
                one.hurry()
