"""What brokers say of a topic, and the request that makes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import errors  # type: ignore[import-untyped]
from aiokafka.protocol.admin import (  # type: ignore[import-untyped]
    CreateTopicsRequest_v3,
    CreateTopicsResponse_v3,
    DescribeConfigsRequest,
)
from aiokafka.protocol.api import Request  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError
from pg_tide.kafka.errors import ours

TOPIC_RESOURCE = 2  # the protocol's number for a topic in DescribeConfigs
ALREADY_THERE = 36  # the protocol's code for a topic that exists
BROKER_DEFAULT = -1

HINTS = {
    errors.TopicAuthorizationFailedError: "Allow this user to CREATE the topic, or create it "
    "yourself.",
    errors.ClusterAuthorizationFailedError: "Allow this user to CREATE the topic, or create it "
    "yourself.",
    errors.PolicyViolationError: "Create the topic yourself, as the brokers' policy wants it, or "
    "change num_partitions and replication_factor.",
    errors.InvalidReplicationFactorError: "Lower replication_factor to the number of brokers, or "
    "leave it out.",
    errors.InvalidPartitionsError: "Change num_partitions.",
    errors.InvalidReplicationAssignmentError: "Create the topic yourself.",
    errors.InvalidConfigurationError: "Create the topic yourself, as the brokers want it.",
    errors.InvalidTopicError: "Correct the option topic.",
}
REASONS = {
    errors.TopicAuthorizationFailedError: "topic_creation_not_authorized",
    errors.ClusterAuthorizationFailedError: "topic_creation_not_authorized",
    errors.PolicyViolationError: "topic_creation_refused",
    errors.InvalidReplicationFactorError: "topic_creation_refused",
    errors.InvalidPartitionsError: "topic_creation_refused",
    errors.InvalidReplicationAssignmentError: "topic_creation_refused",
    errors.InvalidConfigurationError: "topic_creation_refused",
    errors.InvalidTopicError: "topic_invalid",
}


@dataclass(frozen=True)
class Topic:
    """What the brokers say of a topic; `max_bytes` is null where they do not tell."""

    partitions: int
    max_bytes: int | None


class _CreateTopicsResponse(CreateTopicsResponse_v3):  # type: ignore[misc]
    API_VERSION = 4


class _CreateTopics(CreateTopicsRequest_v3):  # type: ignore[misc]
    """Version 4, the first that leaves numbers to the broker (KIP-464, Kafka 2.4)."""

    API_VERSION = 4
    RESPONSE_TYPE = _CreateTopicsResponse


class CreateTopic(Request[CreateTopicsRequest_v3 | _CreateTopics]):  # type: ignore[misc]
    """A request for one topic; -1 stands for the broker's default, as does a setting left out."""

    API_KEY = 19

    def __init__(
        self,
        name: str,
        partitions: int,
        replication: int,
        timeout_ms: int,
        configs: Mapping[str, str] | None = None,
    ) -> None:
        chosen = list((configs or {}).items())
        self._topic: tuple[Any, ...] = (name, partitions, replication, [], chosen)
        self._timeout_ms = timeout_ms
        self._needs_defaults = BROKER_DEFAULT in (partitions, replication)

    def build(self, request_struct_class: Any) -> Any:
        """Return the struct of the version that the broker understands."""
        if self._needs_defaults and request_struct_class.API_VERSION < _CreateTopics.API_VERSION:
            raise errors.IncompatibleBrokerVersion(
                "brokers before 2.4 have no defaults for new topics: set num_partitions and "
                "replication_factor"
            )
        return request_struct_class([self._topic], self._timeout_ms, False)


def refused(name: str, answer: Any) -> PgTideError | None:
    """The error of ours for what a broker said to CreateTopic; None when the topic is there."""
    _, code, said = answer.topic_errors[0]
    if code in (0, ALREADY_THERE):
        return None
    kind = errors.for_code(code)
    text = f'Kafka: topic "{name}" can not be created: {said or kind.description or kind.__name__}'
    if kind in REASONS:
        return FatalError(text, reason=REASONS[kind], hint=HINTS[kind])
    known = ours(kind())
    known.message = text
    known.args = (text,)
    return known


def describe_max_bytes(name: str) -> DescribeConfigsRequest:
    """The request for a topic's max.message.bytes."""
    return DescribeConfigsRequest([(TOPIC_RESOURCE, name, ["max.message.bytes"])], False)


def max_bytes_of(answer: Any) -> int | None:
    """A topic's max.message.bytes; None when the broker does not tell."""
    entries = answer.resources[0][4]
    return int(cast("str", entries[0][1])) if entries else None
