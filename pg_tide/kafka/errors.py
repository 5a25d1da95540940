"""Every error of aiokafka, and the one of ours that it becomes."""

import contextlib
from collections.abc import Iterator

from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError, TransientError


class ThrottlingQuotaExceeded(errors.BrokerResponseError):  # type: ignore[misc]
    """Brokers want to be asked for new topics less often (KIP-599); aiokafka does not know it."""

    errno = 89
    message = "THROTTLING_QUOTA_EXCEEDED"
    description = "The throttling quota has been exceeded."


errors.kafka_errors[ThrottlingQuotaExceeded.errno] = ThrottlingQuotaExceeded

TRANSIENT: dict[type[Exception], str] = {
    errors.KafkaConnectionError: "kafka_unreachable",
    errors.KafkaTimeoutError: "kafka_timeout",
    errors.RequestTimedOutError: "kafka_timeout",
    errors.NodeNotReadyError: "kafka_unreachable",
    errors.StaleMetadata: "no_leader",
    errors.NotControllerError: "no_leader",
    errors.LeaderNotAvailableError: "no_leader",
    errors.NotLeaderForPartitionError: "no_leader",
    errors.NotEnoughReplicasError: "too_few_replicas",
    errors.NotEnoughReplicasAfterAppendError: "too_few_replicas",
    errors.UnknownTopicOrPartitionError: "topic_missing",
    errors.CoordinatorNotAvailableError: "kafka_unreachable",
    errors.CoordinatorLoadInProgressError: "kafka_unreachable",
    errors.CorruptRecordException: "batch_damaged",
    ThrottlingQuotaExceeded: "quota_exceeded",
    errors.OutOfOrderSequenceNumber: "sequence_lost",
    errors.UnknownProducerId: "sequence_lost",
    errors.ProducerClosed: "kafka_unreachable",
    AssertionError: "client_spoiled",  # what aiokafka answers to any call after a fatal one
    OSError: "kafka_unreachable",
    TimeoutError: "kafka_timeout",
}
FATAL: dict[type[Exception], tuple[str, str]] = {
    errors.TopicAuthorizationFailedError: (
        "topic_not_authorized",
        ("Allow this user to DESCRIBE and WRITE the topic."),
    ),
    errors.ClusterAuthorizationFailedError: (
        "cluster_not_authorized",
        (
            "Allow this user to WRITE the topics (enough since Kafka 2.8) or IDEMPOTENT_WRITE on "
            "the cluster, or set idempotent to false."
        ),
    ),
    errors.MessageSizeTooLargeError: (
        "too_large",
        "Raise the topic's max.message.bytes, or lower max_request_size.",
    ),
    errors.InvalidTopicError: ("topic_invalid", "Correct the option topic."),
    errors.UnsupportedVersionError: ("kafka_too_old", "Use Apache Kafka 2.0 or later."),
    errors.IncompatibleBrokerVersion: ("kafka_too_old", "Use Apache Kafka 2.0 or later."),
}
NOT_IDEMPOTENT = "Kafka: this user may not produce idempotently"


def ours(error: Exception) -> PgTideError:
    """The error of ours for one of aiokafka's; a FatalError with its name when it is unknown."""
    for known in (error, error.__cause__):  # the sender of aiokafka wraps what ended it
        if isinstance(known, PgTideError):
            return known
    text = f"Kafka: {str(error) or type(error).__name__}"
    if isinstance(error, errors.ClusterAuthorizationFailedError):
        text = NOT_IDEMPOTENT
    for kind in type(error).__mro__:
        if kind in TRANSIENT:
            return TransientError(text, reason=TRANSIENT[kind])
        if kind in FATAL:
            reason, hint = FATAL[kind]
            return FatalError(text, reason=reason, hint=hint)
    return FatalError(f"{text} ({type(error).__name__})", reason="kafka")


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Raise aiokafka's errors as ours."""
    try:
        yield
    except (errors.KafkaError, OSError, TimeoutError, AssertionError) as error:
        raise ours(error) from error
