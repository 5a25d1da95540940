"""Every error of aiokafka, and the one of ours that it becomes."""

import contextlib
from collections.abc import Iterator

from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.errors import BatchRefused, FatalError, MessageError, PgTideError, TransientError
from pg_tide.exhausted import exhausted
from pg_tide.kafka.blame import Blame


class ThrottlingQuotaExceeded(errors.BrokerResponseError):  # type: ignore[misc]
    """Brokers want to be asked for new topics less often (KIP-599); aiokafka does not know it."""

    errno = 89
    message = "THROTTLING_QUOTA_EXCEEDED"
    description = "The throttling quota has been exceeded."


class InvalidRecord(errors.BrokerResponseError):  # type: ignore[misc]
    """Brokers refuse a record of a batch (KIP-467); aiokafka does not know it."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The record has failed the validation on the broker."


class UnsupportedCompressionType(errors.BrokerResponseError):  # type: ignore[misc]
    """The topic's format does not know the compression; aiokafka does not know the error."""

    errno = 76
    message = "UNSUPPORTED_COMPRESSION_TYPE"
    description = "The requesting client does not support the compression type."


class UnstableOffsetCommit(errors.BrokerResponseError):  # type: ignore[misc]
    """What was committed last is not certain yet (KIP-447); aiokafka does not know the error."""

    errno = 88
    message = "UNSTABLE_OFFSET_COMMIT"
    description = "A transaction that commits offsets of the group has not ended yet."


for each in (
    ThrottlingQuotaExceeded,
    InvalidRecord,
    UnsupportedCompressionType,
    UnstableOffsetCommit,
):
    errors.kafka_errors[each.errno] = each
errors.kafka_errors[90] = errors.ProducerFenced  # as newer brokers say it

TRANSIENT: dict[type[Exception], str] = {
    errors.KafkaConnectionError: "kafka_unreachable",
    errors.NodeNotReadyError: "kafka_unreachable",
    errors.BrokerNotAvailableError: "kafka_unreachable",
    errors.MetadataEmptyBrokerList: "kafka_unreachable",
    errors.CorrelationIdError: "kafka_unreachable",  # what was heard belongs to no question
    errors.CoordinatorNotAvailableError: "kafka_unreachable",
    errors.CoordinatorLoadInProgressError: "kafka_unreachable",
    errors.NotCoordinatorError: "kafka_unreachable",
    errors.ProducerClosed: "kafka_unreachable",
    errors.KafkaTimeoutError: "kafka_timeout",
    errors.RequestTimedOutError: "kafka_timeout",
    errors.StaleMetadata: "no_leader",
    errors.NotControllerError: "no_leader",
    errors.LeaderNotAvailableError: "no_leader",
    errors.NotLeaderForPartitionError: "no_leader",
    errors.ReplicaNotAvailableError: "no_leader",
    errors.ListenerNotFound: "no_leader",
    errors.NotEnoughReplicasError: "too_few_replicas",
    errors.NotEnoughReplicasAfterAppendError: "too_few_replicas",
    errors.UnknownTopicOrPartitionError: "topic_missing",
    errors.CorruptRecordException: "batch_damaged",
    errors.KafkaStorageError: "broker_disk",
    ThrottlingQuotaExceeded: "quota_exceeded",
    errors.OutOfOrderSequenceNumber: "sequence_lost",
    errors.DuplicateSequenceNumber: "sequence_lost",
    errors.UnknownProducerId: "sequence_lost",
    errors.InvalidProducerEpoch: "sequence_lost",  # without transactions nobody else has the id
    errors.ProducerFenced: "sequence_lost",
    errors.InvalidProducerIdMapping: "fenced",
    errors.InvalidTxnState: "transaction_lost",
    errors.TransactionCoordinatorFenced: "no_leader",
    errors.ConcurrentTransactions: "transaction_unfinished",
    UnstableOffsetCommit: "transaction_unfinished",
    errors.IllegalOperation: "client_spoiled",
    AssertionError: "client_spoiled",  # what aiokafka answers to any call after a fatal one
    OSError: "kafka_unreachable",
    TimeoutError: "kafka_timeout",
}
TOO_OLD = ("kafka_too_old", "Use Apache Kafka 2.0 or later.")
MALFORMED = (
    "request_refused",
    "Look at the broker's log, and whether something between relay and broker changes requests.",
)
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
    errors.InvalidTopicError: ("topic_invalid", "Correct the option topic."),
    errors.TransactionalIdAuthorizationFailed: (
        "transactional_id_not_authorized",
        "Allow this user to DESCRIBE and WRITE its transactional id.",
    ),
    errors.GroupAuthorizationFailedError: (
        "group_not_authorized",
        "Allow this user to READ the group that has the name of its transactional id.",
    ),
    errors.InvalidTransactionTimeout: (
        "transaction_timeout_refused",
        "Lower transaction_timeout_ms, or raise transaction.max.timeout.ms of the brokers.",
    ),
    errors.UnsupportedVersionError: TOO_OLD,
    errors.IncompatibleBrokerVersion: TOO_OLD,
    errors.UnsupportedForMessageFormatError: TOO_OLD,
    NotImplementedError: (
        "kafka_version_unknown",
        ("These brokers and this pg_tide have no version of the protocol in common."),
    ),
    errors.InvalidRequestError: MALFORMED,
    errors.InvalidRequiredAcksError: MALFORMED,
    UnsupportedCompressionType: (
        "compression_refused",
        ("Set compression to one that the topic and its brokers take."),
    ),
    errors.UnsupportedCodecError: (
        "compression_refused",
        ("Set compression to another one: the library for it is not installed."),
    ),
    errors.UnknownError: ("broker_error", "Look at the broker's log."),
}
TOO_LARGE = (
    "too_large",
    "Publish a reference to the content instead, or raise the topic's max.message.bytes.",
)
# What brokers say of records alone: nothing else in a batch is wrong.
MESSAGE: dict[type[Exception], tuple[str, str]] = {
    errors.MessageSizeTooLargeError: TOO_LARGE,
    errors.RecordListTooLargeError: TOO_LARGE,
    errors.InvalidTimestampError: (
        "invalid_timestamp",
        (
            "Look at the topic's message.timestamp.before.max.ms and "
            "message.timestamp.after.max.ms, at the clocks, and at the option record_timestamp."
        ),
    ),
    InvalidRecord: (
        "invalid_record",
        (
            "A compacted topic wants a key in every record: look at the option key, and what else "
            "the topic's brokers validate."
        ),
    ),
}
NOT_IDEMPOTENT = "Kafka: this user may not produce idempotently"


def ours(error: Exception) -> PgTideError:
    """The error of ours for one of aiokafka's; a FatalError with its name when it is unknown."""
    for known in (error, error.__cause__):  # the sender of aiokafka wraps what ended it
        if isinstance(known, PgTideError):
            return known
    if type(error) is errors.KafkaError and isinstance(error.__cause__, Exception):
        return ours(error.__cause__)
    return exhausted(error, f"Kafka: {error}") or _by_kind(error)


def _by_kind(error: Exception) -> PgTideError:
    text = f"Kafka: {str(error) or type(error).__name__}"
    if isinstance(error, errors.ClusterAuthorizationFailedError):
        text = NOT_IDEMPOTENT
    for kind in type(error).__mro__:
        if kind in MESSAGE:
            return refusal(error)
        if kind in TRANSIENT:
            return TransientError(text, reason=TRANSIENT[kind])
        if kind in FATAL:
            reason, hint = FATAL[kind]
            return FatalError(text, reason=reason, hint=hint)
    return FatalError(f"{text} ({type(error).__name__})", reason="kafka")


def refusal(error: Exception, blame: Blame = Blame()) -> BatchRefused:  # noqa: B008 - it is a value
    """The error of a batch that brokers refuse for its records' sake, and of those they name."""
    reason, hint = MESSAGE[type(error)]

    def worded(said: str) -> str:
        return f"Kafka refuses its record: {said or getattr(error, 'description', '') or error}"

    refused = BatchRefused(worded(blame.batch), stage="produce", reason=reason, hint=hint)
    refused.named = {
        place: MessageError(worded(why), stage="produce", reason=reason, hint=hint)
        for place, why in blame.records.items()
    }
    return refused


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Raise aiokafka's errors, and whatever else comes of its calls, as ours."""
    try:
        yield
    except PgTideError:
        raise
    except Exception as error:
        raise ours(error) from error
