"""A request for topics that tells what one may do there, and creates none; aiokafka has neither."""

from collections.abc import Callable, Sequence
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response  # type: ignore[import-untyped]
from aiokafka.protocol.metadata import (  # type: ignore[import-untyped]
    MetadataRequest_v4,
    MetadataRequest_v5,
)
from aiokafka.protocol.types import (  # type: ignore[import-untyped]
    Array,
    Boolean,
    Int16,
    Int32,
    Schema,
    String,
)

MAY_WRITE = 1 << 4  # bit of `operations`, which are below zero where nothing is told

_BROKERS = Array(
    ("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8"))
)
_PARTITIONS = Array(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", Array(Int32)),
    ("isr", Array(Int32)),
    ("offline_replicas", Array(Int32)),
)


class MetadataResponse(Response):  # type: ignore[misc]
    """The answer: brokers as they are advertised, topics, and what this user may do with each."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", _BROKERS),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                ("partitions", _PARTITIONS),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class MetadataRequest(RequestStruct):  # type: ignore[misc]
    """Version 8, the first that tells what one may do (KIP-430, Kafka 2.3)."""

    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class Metadata(Request[MetadataRequest_v4 | MetadataRequest_v5 | MetadataRequest]):  # type: ignore[misc]
    """A request for topics that does not create them, which version 4 is the first to be."""

    API_KEY = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def build(self, request_struct_class: Callable[..., Any]) -> Any:
        """Return the struct of the version that the broker understands."""
        tells = request_struct_class is MetadataRequest
        return request_struct_class(self._names, False, *([False, True] if tells else []))
