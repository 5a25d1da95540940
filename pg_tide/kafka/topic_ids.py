"""Which topics are others by now than those of the same name before: deleted and made anew.

Brokers give each topic an id (KIP-516, Kafka 2.8), in a version of their answer that aiokafka does
not know. It is read here, and handed to aiokafka as the newest one that it knows.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from aiokafka.cluster import ClusterMetadata  # type: ignore[import-untyped]
from aiokafka.protocol.abstract import AbstractType  # type: ignore[import-untyped]
from aiokafka.protocol.api import RequestStruct, Response  # type: ignore[import-untyped]
from aiokafka.protocol.metadata import (  # type: ignore[import-untyped]
    MetadataRequest,
    MetadataResponse_v5,
)
from aiokafka.protocol.types import (  # type: ignore[import-untyped]
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

ID_BYTES = 16
NO_ID = bytes(ID_BYTES)
NO_TAGS: Mapping[int, bytes] = {}


class Id(AbstractType):  # type: ignore[misc]
    """The id of a topic, as it stands in requests and answers."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """As it is."""
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        """As it is."""
        return data.read(ID_BYTES)


_TAGS = ("tags", TaggedFields)
_BROKERS = CompactArray(
    ("node_id", Int32),
    ("host", CompactString()),
    ("port", Int32),
    ("rack", CompactString()),
    _TAGS,
)
_PARTITIONS = CompactArray(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    _TAGS,
)
_TOPICS = CompactArray(
    ("error_code", Int16),
    ("topic", CompactString()),
    ("topic_id", Id),
    ("is_internal", Boolean),
    ("partitions", _PARTITIONS),
    ("operations", Int32),
    _TAGS,
)


class MetadataWithIds(MetadataResponse_v5):  # type: ignore[misc]
    """An answer as aiokafka knows it, and the ids of the topics in it."""

    topic_ids: Mapping[str, bytes] = {}


class MetadataResponse_v10(Response):  # type: ignore[misc]  # noqa: N801 - as its neighbours
    """The answer as it comes."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", _BROKERS),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        ("topics", _TOPICS),
        ("cluster_operations", Int32),
        _TAGS,
    )

    @classmethod
    def decode(cls, data: BytesIO | bytes) -> MetadataWithIds:
        """Read it, and give it on as aiokafka knows it."""
        read: Any = super().decode(data)
        known = MetadataWithIds(
            read.throttle_time_ms,
            [broker[:4] for broker in read.brokers],
            read.cluster_id,
            read.controller_id,
            [_known(topic) for topic in read.topics],
        )
        known.topic_ids = {topic[1]: topic[2] for topic in read.topics if topic[2] != NO_ID}
        return known


def _known(topic: Sequence[Any]) -> tuple[Any, ...]:
    code, name, _, is_internal, partitions, *_ = topic
    without_epochs = [(*partition[:3], *partition[4:7]) for partition in partitions]
    return code, name, is_internal, without_epochs


class MetadataRequest_v10(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as its neighbours
    """Asks for topics by their names."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = MetadataResponse_v10
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Id), ("name", CompactString()), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        _TAGS,
    )

    def __init__(self, names: Sequence[str], allow_auto_topic_creation: bool) -> None:
        topics = [(NO_ID, name, NO_TAGS) for name in names]
        super().__init__(topics, allow_auto_topic_creation, False, False, NO_TAGS)


if MetadataRequest_v10 not in MetadataRequest._CLASSES:
    MetadataRequest._CLASSES = (*MetadataRequest._CLASSES, MetadataRequest_v10)


class Cluster(ClusterMetadata):  # type: ignore[misc]
    """What is known of brokers and topics, as of the last answer; `topic_ids` by name."""

    topic_ids: Mapping[str, bytes] = {}

    def update_metadata(self, metadata: Any) -> None:
        """Take an answer in, and tell the listeners."""
        self.topic_ids = getattr(metadata, "topic_ids", {})
        super().update_metadata(metadata)
