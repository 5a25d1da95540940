"""The request for a topic, and what brokers say to it."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import IncompatibleBrokerVersion  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, TransientError
from pg_tide.kafka.topics import CreateTopic, refused


def said(code: int, text: str | None = None) -> SimpleNamespace:
    """A broker's answer."""
    return SimpleNamespace(topic_errors=[("orders", code, text)])


@pytest.mark.parametrize("code", [0, 36])
def test_a_topic_that_is_there_is_fine(code: int) -> None:
    assert refused("orders", said(code)) is None


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (17, FatalError, "topic_invalid"),
        (29, FatalError, "topic_creation_not_authorized"),
        (31, FatalError, "topic_creation_not_authorized"),
        (37, FatalError, "topic_creation_refused"),
        (38, FatalError, "topic_creation_refused"),
        (44, FatalError, "topic_creation_refused"),
        (7, TransientError, "kafka_timeout"),
        (41, TransientError, "no_leader"),
        (89, TransientError, "quota_exceeded"),
        (2, TransientError, "batch_damaged"),
    ],
)
def test_what_brokers_say(code: int, kind: type[Exception], reason: str) -> None:
    error = refused("orders", said(code, "five partitions are too many"))
    assert error is not None
    assert (type(error), error.reason) == (kind, reason)
    text = 'Kafka: topic "orders" can not be created: five partitions are too many'
    assert str(error) == error.message == text
    assert kind is TransientError or error.hint


def test_what_brokers_mean_who_say_nothing() -> None:
    error = refused("orders", said(44))
    assert error is not None
    assert error.message.endswith("do not satisfy the configured policy.")


@pytest.mark.parametrize(("partitions", "replication"), [(-1, 3), (6, -1), (-1, -1)])
def test_defaults_are_the_brokers_where_they_have_some(partitions: int, replication: int) -> None:
    request = CreateTopic("orders", partitions, replication, 1000)
    made = request.prepare({CreateTopic.API_KEY: (2, 7)})
    assert made.API_VERSION == 4
    assert made.create_topic_requests == [("orders", partitions, replication, [], [])]
    with pytest.raises(IncompatibleBrokerVersion, match="set num_partitions"):
        request.prepare({CreateTopic.API_KEY: (0, 3)})


def test_numbers_are_understood_by_older_brokers() -> None:
    made = CreateTopic("orders", 6, 3, 1000).prepare({CreateTopic.API_KEY: (0, 3)})
    assert made.API_VERSION == 3
