"""Where records would lie, and which would be refused there, by what brokers say of topics."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, MessageError, PgTideError
from pg_tide.kafka.inquiry import Described
from pg_tide.message import Record
from pg_tide.partition import Partitioner
from pg_tide.preview.fate import Fate, Planned, Preview
from pg_tide.record_size import too_large
from pg_tide.route import Router
from pg_tide.topics import Topics


class Places:
    """The places of a pipeline's records; `compressed_size` is that of a record alone."""

    def __init__(
        self,
        config: PipelineConfig,
        route: Router,
        topics: Mapping[str, Described],
        compressed_size: Callable[[Record], int],
    ) -> None:
        self._config = config
        self._topics = topics
        self._compressed_size = compressed_size
        self._partitioner = Partitioner(config.partitioner, config.partition_fallback)
        self._faults = Topics(config, route.configured_topics, lambda _: None)
        self._problems: dict[str, PgTideError] = {}
        self._created: set[str] = set()

    def place(self, found: Preview) -> Preview:
        """Place every record of every message."""
        fates = [self._fate(fate) for fate in found.fates]
        problems = [self._problems[name] for name in sorted(self._problems)]
        return replace(found, fates=fates, problems=problems, created=sorted(self._created))

    def _fate(self, fate: Fate) -> Fate:
        try:
            return replace(fate, records=tuple(self._planned(one.record) for one in fate.records))
        except MessageError as error:
            return Fate(fate.message, error=error)

    def _planned(self, record: Record) -> Planned:
        topic = self._topics[record.topic]
        error = topic.refusal
        if error is None:
            return self._in(topic, record)
        if error.reason == "topic_missing" and self._config.auto_create_topics:
            self._created.add(topic.name)
            return Planned(record)
        fault = self._faults.fault(topic.name, error)
        if fault is not None:
            raise fault
        self._problems[topic.name] = error
        return Planned(record)

    def _in(self, topic: Described, record: Record) -> Planned:
        limit = topic.number("max.message.bytes")
        if limit is not None and (size := self._compressed_size(record)) > limit:
            raise too_large(size, f'max.message.bytes of topic "{topic.name}"', limit)
        try:
            choose = self._partitioner.for_topic(topic.partitions, topic.name)
        except FatalError as error:
            self._problems[topic.name] = error
            return Planned(record)
        key = record.key if record.partition_by is None else record.partition_by
        return Planned(record, choose(key) if self._partitioner.decides(key) else "any")
