"""The topics that a pipeline has met, each learned from the brokers, again and again.

What is wrong with a topic that the configuration names is an outage, or the pipeline's failure;
what is wrong with one that only a message names is that message's error.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Protocol

from pg_tide import lane
from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, MessageError, PgTideError, TransientError
from pg_tide.kafka import Topic, ours
from pg_tide.lane import Filling, Lane
from pg_tide.one_error import one_error
from pg_tide.partition import Partitioner
from pg_tide.retry import Backoff
from pg_tide.topics.lanes import TopicLanes
from pg_tide.topics.recreated import Ids, Recreated, nobody
from pg_tide.topics.refused import Refused

TOPIC_CHANGED = "topic_changed"  # the reason of an error after which records must be routed anew
CREATED = 10  # times that a topic is asked for after it was created, each about half a second
# Reasons that are a message's own where the message names the topic.
OF_THE_TOPIC = {"topic_not_authorized", "topic_creation_not_authorized", "topic_invalid"}


class Client(lane.Client, Protocol):
    """What topics need of a Kafka client."""

    async def topic(self, name: str, *, patient: bool = True) -> Topic:
        """Ask for a topic; raises TransientError `topic_missing` when there is none.

        `patient`, it is asked for several times, for it may be new.
        """

    async def create_topic(self, name: str, partitions: int, replication: int) -> None:
        """Create a topic, or find that it is there; -1 is the brokers' default for either."""

    def partitions(self, name: str) -> int:
        """How many partitions a topic has, as of the last refresh."""

    def topic_id(self, name: str) -> str | None:
        """The id of a topic, as of the last refresh; None where brokers told none."""

    def watch(self, names: Iterable[str], refreshed: Callable[[], None]) -> None:
        """Refresh these topics too; `refreshed` is called whenever the brokers have told."""


class Topics:
    """The topics that a pipeline has met; `configured` are those that its configuration names.

    `failed` is told when a client could not send, `recreated` of a topic that is another by now.
    """

    def __init__(
        self,
        config: PipelineConfig,
        configured: frozenset[str],
        failed: Callable[[Exception], None],
        recreated: Recreated = nobody,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.known: dict[str, TopicLanes] = {}
        self._config = config
        self._configured = configured
        self._failed = failed
        self._partitioner = Partitioner(config.partitioner, config.partition_fallback)
        self._filling = Filling(config.linger_ms / 1000, config.batch_size or sys.maxsize)
        self._refused = Refused(clock)
        self._ids = Ids(recreated)

    @property
    def lanes(self) -> list[Lane]:
        """All lanes of all topics."""
        return [one for topic in self.known.values() for one in topic.lanes]

    @property
    def unfinished(self) -> int:
        """How many records have no end yet."""
        return sum(topic.unfinished for topic in self.known.values())

    async def learn(self, client: Client, name: str, *, anew: bool = False) -> bool:
        """Have a topic's lanes, as many as it has partitions now; whether there are new ones.

        Raises MessageError for one that only messages name and that takes no records: at once
        where that is remembered, unless it shall be looked at `anew`.
        """
        if not anew:
            self._refused.check(name)
        topic = self.known.get(name)
        if topic is None:
            now = await self._ask(client, name)
            if name not in self.known:  # somebody else may have asked meanwhile
                self.known[name] = self._lanes_of(name, now)
            self._ids.look(client, [name])
        elif topic.fault is not None and topic.unfinished:
            raise topic.fault.with_traceback(None)
        elif topic.fault is not None or not client.partitions(name):
            await self._learn_again(client, topic)
        elif client.partitions(name) > len(topic.lanes):
            # A key's last record on its old partition is acknowledged before the next goes
            # to its new one.
            await topic.drained()
            topic.grow(client.partitions(name))
        else:
            return False
        return True

    def _lanes_of(self, name: str, now: Topic) -> TopicLanes:
        failed = partial(self._send_failed, name)
        return TopicLanes(name, now, self._partitioner, self._filling, failed)

    async def learn_again(self, client: Client) -> None:
        """Ask anew for the topics that records wait for: they may be gone, or made anew.

        The others are looked at whenever this client hears of them.
        """
        there = [topic.name for topic in self.known.values() if topic.fault is None]
        client.watch(there, lambda: self._ids.look(client, self.known))
        with one_error():
            async with asyncio.TaskGroup() as asking:
                for topic in self.known.values():
                    if topic.unfinished:
                        asking.create_task(self._learn_waited_for(client, topic))

    async def _learn_waited_for(self, client: Client, topic: TopicLanes) -> None:
        if topic.fault is not None:
            self._failed(topic.fault)
            return
        with contextlib.suppress(MessageError):
            await self._learn_again(client, topic)

    async def _learn_again(self, client: Client, topic: TopicLanes) -> None:
        """Have a topic's lanes as it is now; the client fails where those that wait can not go."""
        try:
            now = await self._ask(client, topic.name)
        except MessageError as fault:
            self._refuse(topic, fault)
            raise
        self._refused.forget(topic.name)
        if topic.fault is None and now.partitions >= len(topic.lanes):
            topic.limit(now.max_bytes)
        elif not topic.unfinished:
            if self.known[topic.name] is topic:
                self.known[topic.name] = self._lanes_of(topic.name, now)
        elif topic.fault is not None:
            raise topic.fault.with_traceback(None)
        else:
            raise TransientError(
                f'topic "{topic.name}" has {now.partitions} partitions, not {len(topic.lanes)} '
                "any more: it was made anew",
                reason=TOPIC_CHANGED,
            )

    async def _ask(self, client: Client, name: str) -> Topic:
        """What the brokers say of a topic.

        One that only messages name may just be being made: it is asked for several times, and
        MessageError is raised, and remembered, when that did not help. Of many that are missing
        at once that is not to be expected.
        """
        config = self._config
        backoff = Backoff(config.retry_backoff_ms, config.retry_backoff_max_ms)
        patient = name in self._configured or not (name in self._refused or self._refused.many)
        most = 1 + config.max_retries * patient
        while True:
            try:
                return await self._found(client, name, patient)
            except (TransientError, FatalError) as error:
                fault = self.fault(name, error)
                if fault is None:
                    raise
                fault.attempts = backoff.tries + 1
                if fault.attempts >= most or fault.reason == "topic_invalid":
                    self._refused.remember(name, fault)
                    raise fault from error
            await asyncio.sleep(backoff.next())

    async def _found(self, client: Client, name: str, patient: bool) -> Topic:
        """What the brokers say of a topic; if it is missing, and that is wanted, it is created."""
        try:
            return await client.topic(name, patient=patient)
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
        if known.reason != "topic_missing" and (fault := self.fault(name, known)) is not None:
            self._refused.remember(name, fault)
            self._refuse(self.known[name], fault)
        else:
            self._failed(known)

    def _refuse(self, topic: TopicLanes, fault: MessageError) -> None:
        topic.refuse(fault)
        if topic.unfinished:
            self._failed(fault)

    def withdraw(self, records: AbstractSet[int]) -> set[int]:
        """Take back records by their `id()`; those that were here. All lanes are shut."""
        taken: set[int] = set()
        for one in self.lanes:
            taken |= one.withdraw(records)
        return taken

    async def drained(self) -> None:
        """Wait until every record has its end."""
        for topic in list(self.known.values()):
            await topic.drained()

    def hurry(self) -> None:
        """Let nothing linger that is here now, or wait for more to come at once."""
        for one in self.lanes:
            one.hurry()
