"""Every error that producing can meet is mapped on purpose, and none that is new goes unseen."""

import errno
import inspect

import pytest
from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.errors import BatchRefused, FatalError, LeaseLost, TransientError
from pg_tide.kafka import FATAL, MESSAGE, TRANSIENT, ours
from pg_tide.kafka.blame import Blame
from pg_tide.kafka.errors import mapped, refusal
from pg_tide.kafka.refusals import EXPLAIN
from pg_tide.kafka.topics import REASONS

# What can not come of producing, by whom it is told.
CONSUMERS = {
    "CommitFailedError", "ConsumerStoppedError", "FetchSessionIdNotFound", "GroupIdNotFound",
    "IllegalGenerationError", "InconsistentGroupProtocolError",
    "InvalidCommitOffsetSizeError", "InvalidFetchRequestError", "InvalidFetchSessionEpoch",
    "InvalidGroupIdError", "InvalidSessionTimeoutError", "MemberIdRequired",
    "NoOffsetForPartitionError", "NonEmptyGroup", "OffsetMetadataTooLargeError",
    "OffsetOutOfRangeError", "RebalanceInProgressError", "RecordTooLargeError",
    "UnknownMemberIdError",
}  # fmt: skip
ADMINISTRATORS = {
    "DelegationTokenAuthDisabled", "DelegationTokenAuthorizationFailed", "DelegationTokenExpired",
    "DelegationTokenNotFound", "DelegationTokenOwnerMismatch",
    "DelegationTokenRequestNotAllowed", "InvalidPrincipalType", "LogDirNotFound",
    "ReassignmentInProgress", "SecurityDisabled",
    "TopicAlreadyExistsError",  # a topic that is there is what was wanted
}  # fmt: skip
TRANSACTIONS = {
    "OperationNotAttempted",  # it stands beside the error of another partition
}
BROKERS_AMONG_THEMSELVES = {"StaleControllerEpochError", "StaleLeaderEpochCodeError"}
NOBODY = {  # what stands in aiokafka and is never raised
    "AuthenticationFailedError", "AuthenticationMethodNotSupported", "Cancelled",
    "IllegalArgumentError", "IllegalStateError", "KafkaConfigurationError",
    "KafkaUnavailableError", "NoBrokersAvailable", "NoError", "QuotaViolationError",
    "TooManyInFlightRequests", "UnrecognizedBrokerVersion",
}  # fmt: skip
FAMILIES = {"KafkaError", "BrokerResponseError", "KafkaProtocolError"}
NEVER = CONSUMERS | ADMINISTRATORS | TRANSACTIONS | BROKERS_AMONG_THEMSELVES | NOBODY | FAMILIES


def test_every_error_of_aiokafkas_has_its_place() -> None:
    """One that is new there must be put into a table, or among those that never come."""
    here = {
        kind.__name__
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception)
    }
    tables = (TRANSIENT, FATAL, MESSAGE, REASONS, [kind for kind, _ in EXPLAIN])
    known = {kind.__name__ for table in tables for kind in table}
    assert here - known == NEVER
    assert known & NEVER == set()


def test_no_error_has_two_places() -> None:
    assert not set(TRANSIENT) & set(FATAL)
    assert not set(MESSAGE) & (set(TRANSIENT) | set(FATAL))


@pytest.mark.parametrize("kind", MESSAGE)
def test_what_is_said_of_records_is_their_messages_error(kind: type[Exception]) -> None:
    found = ours(kind())
    assert isinstance(found, BatchRefused)
    assert (found.stage, found.reason) == ("produce", MESSAGE[kind][0])
    assert found.hint == MESSAGE[kind][1]


def test_brokers_words_for_each_record_are_told() -> None:
    (kind,) = (kind for kind, (reason, _) in MESSAGE.items() if reason == "invalid_record")
    found = refusal(kind(), Blame("two are bad", {3: "no key", 5: ""}))
    assert str(found) == "Kafka refuses its record: two are bad"
    assert {place: str(error) for place, error in found.named.items()} == {
        3: "Kafka refuses its record: no key",
        5: "Kafka refuses its record: The record has failed the validation on the broker.",
    }
    assert {error.reason for error in found.named.values()} == {"invalid_record"}


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (87, BatchRefused, "invalid_record"),
        (89, TransientError, "quota_exceeded"),
        (76, FatalError, "compression_refused"),
        (32, BatchRefused, "invalid_timestamp"),
        (10, BatchRefused, "too_large"),
        (2, TransientError, "batch_damaged"),
        (56, TransientError, "broker_disk"),
        (-1, FatalError, "broker_error"),
        (9999, FatalError, "broker_error"),
    ],
)
def test_codes_of_the_protocol(code: int, kind: type[Exception], reason: str) -> None:
    found = ours(errors.for_code(code)())
    assert isinstance(found, kind)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ECONNRESET, "kafka_unreachable"),
        (errno.EPIPE, "kafka_unreachable"),
        (errno.EHOSTUNREACH, "kafka_unreachable"),
        (errno.ENETUNREACH, "kafka_unreachable"),
        (errno.EACCES, "kafka_unreachable"),
        (errno.ETIMEDOUT, "kafka_timeout"),
        (errno.EMFILE, "relay_out_of_resources"),
        (errno.ENFILE, "relay_out_of_resources"),
        (errno.ENOBUFS, "relay_out_of_resources"),
        (errno.EADDRNOTAVAIL, "relay_out_of_resources"),
    ],
)
def test_errors_of_the_system_pass(number: int, reason: str) -> None:
    found = ours(OSError(number, "so says the system"))
    assert isinstance(found, TransientError)
    assert found.reason == reason


def test_what_ended_aiokafkas_sender_says_why() -> None:
    """It hides it behind an error that says nothing."""
    wrapped = errors.KafkaError("Unexpected error during batch delivery")
    wrapped.__cause__ = errors.OutOfOrderSequenceNumber()
    assert ours(wrapped).reason == "sequence_lost"
    wrapped.__cause__ = LeaseLost("gone")
    assert ours(wrapped) is wrapped.__cause__
    wrapped.__cause__ = None
    assert (type(ours(wrapped)), ours(wrapped).reason) == (FatalError, "kafka")


@pytest.mark.parametrize("unknown", [KeyError("what"), errors.NonEmptyGroup(), ValueError("no")])
def test_an_unknown_error_is_fatal_with_its_name(unknown: Exception) -> None:
    with pytest.raises(FatalError, match=type(unknown).__name__) as caught, mapped():
        raise unknown
    assert caught.value.reason == "kafka"
