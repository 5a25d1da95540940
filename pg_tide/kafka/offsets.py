"""What a group has committed, once no transaction can change it any more, and how long it stays.

aiokafka knows no version of the question that waits for transactions (KIP-447, Kafka 2.5): it
would tell what was committed before.
"""

from typing import Any, NamedTuple

from aiokafka import errors  # type: ignore[import-untyped]
from aiokafka.protocol.admin import DescribeConfigsRequest  # type: ignore[import-untyped]
from aiokafka.protocol.api import Request, RequestStruct, Response  # type: ignore[import-untyped]
from aiokafka.protocol.types import (  # type: ignore[import-untyped]
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

BROKER_RESOURCE = 4  # the protocol's number for a broker in DescribeConfigs
RETENTION = "offsets.retention.minutes"
USUAL_RETENTION = 7 * 86_400.0  # seconds, where brokers do not tell
NOTHING = -1  # the offset of what was never committed, or has expired
_TAGS = ("tags", TaggedFields)


class OffsetFetchResponse_v7(Response):  # type: ignore[misc]  # noqa: N801 - as its neighbours
    """The answer: offsets and what was committed with them, by topic and partition."""

    API_KEY = 9
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", CompactString()),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", CompactString()),
                        ("error_code", Int16),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        ("error_code", Int16),
        _TAGS,
    )


class OffsetFetchRequest_v7(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as its neighbours
    """Asks for offsets that are certain, or to be told that some are not yet."""

    FLEXIBLE_VERSION = True
    API_KEY = 9
    API_VERSION = 7
    RESPONSE_TYPE = OffsetFetchResponse_v7
    SCHEMA = Schema(
        ("group", CompactString()),
        (
            "topics",
            CompactArray(("topic", CompactString()), ("partitions", CompactArray(Int32)), _TAGS),
        ),
        ("require_stable", Boolean),
        _TAGS,
    )


class OffsetFetch(Request[OffsetFetchRequest_v7]):  # type: ignore[misc]
    """The question for one partition; NotImplementedError at a broker that does not know it."""

    API_KEY = 9

    def __init__(self, group: str, topic: str, partition: int) -> None:
        self._group = group
        no_tags: dict[int, bytes] = {}
        self._topics = [(topic, [partition], no_tags)]

    def build(self, request_struct_class: Any) -> Any:
        """Return the struct of the only version."""
        return request_struct_class(self._group, self._topics, True, {})


class Committed(NamedTuple):
    """An offset and what was committed with it."""

    offset: int
    metadata: str


def committed(answer: Any) -> Committed | None:
    """What was committed for the one partition asked for, or None; raises aiokafka's errors."""
    _check(answer.error_code)
    for _, partitions, _ in answer.topics:
        for _, offset, _, metadata, code, _ in partitions:
            _check(code)
            return None if offset == NOTHING else Committed(offset, metadata or "")
    return None


def _check(code: int) -> None:
    if code:
        kind = errors.for_code(code)
        raise kind


def describe_retention(node: int) -> DescribeConfigsRequest:
    """The request, to that broker, for how long it keeps offsets of groups without members."""
    return DescribeConfigsRequest([(BROKER_RESOURCE, str(node), [RETENTION])], False)


def retention_of(answer: Any) -> float:
    """The same in seconds; the usual one where the broker does not tell."""
    entries = answer.resources[0][4]
    return int(entries[0][1]) * 60.0 if entries and entries[0][1] else USUAL_RETENTION
