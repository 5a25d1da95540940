"""One topic: a lane for each of its partitions, and how keys fall on them."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from pg_tide.delivery import Delivery
from pg_tide.errors import MessageError
from pg_tide.kafka import Topic
from pg_tide.lane import Client, Filling, Lane
from pg_tide.message import Record
from pg_tide.partition import Partitioner, learn


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
        self.fault: MessageError | None = None  # for which nothing can go here
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
        """How many records have no end yet."""
        return sum(one.unfinished for one in self.lanes)

    def put(self, records: Sequence[Record], delivery: Delivery) -> list[Lane]:
        """Add records behind all others, each where its key goes, or what stands for it.

        Returns the lanes that got some.
        """
        choose, choose_without = self._choose, self._choose_without
        if len(records) > 1:
            learn(choose, records)
        runs: defaultdict[int, list[Record]] = defaultdict(list)
        for record in records:
            key = record.key if record.partition_by is None else record.partition_by
            runs[choose_without(None) if key is None else choose(key)].append(record)
        for partition, run in runs.items():
            self.lanes[partition].put(run, delivery)
        return [self.lanes[partition] for partition in runs]

    def open(self, client: Client) -> None:
        """Send through this client from now on, first what has no acknowledgement yet."""
        if self.fault is None:
            for one in self.lanes:
                one.open(client)

    def refuse(self, fault: MessageError) -> None:
        """Have all that waits refused when a client ends, and what comes later."""
        self.fault = fault
        for one in self.lanes:
            one.fault = fault

    async def drained(self) -> None:
        """Wait until every record has its end; none lingers."""
        for one in self.lanes:
            one.hurry()
        for one in self.lanes:
            await one.drained()
