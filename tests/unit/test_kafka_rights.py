"""What is said where a user may not produce."""

import dataclasses
import shlex

import pytest
from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.kafka import Login, TokenSource, ours, settings_of
from pg_tide.kafka.rights import may_not_write
from tests.fixtures.messages import a_config


@pytest.mark.parametrize(
    ("login", "principal"),
    [
        (None, "User:NAME"),
        (Login("SCRAM-SHA-512", "ann", "secret-of-ann"), "User:ann"),
        (Login("PLAIN", "ann's; rm -rf", "secret-of-ann"), "User:ann's; rm -rf"),
        (Login("OAUTHBEARER", tokens=TokenSource("http://x", "c", "s")), "User:NAME"),
    ],
)
def test_the_hint_has_a_command_to_paste(login: Login | None, principal: str) -> None:
    settings = dataclasses.replace(settings_of(a_config(brokers="b:9092,c:9092")), login=login)
    error = may_not_write("orders", settings)
    assert error.reason == "topic_not_authorized"
    assert error.message == 'Kafka: this user may not write topic "orders"'
    words, _, command = str(error.hint).partition(": ")
    assert "DESCRIBE and WRITE" in words
    assert shlex.split(command) == [
        *("kafka-acls.sh", "--bootstrap-server", "b:9092", "--add"),
        *("--allow-principal", principal, "--operation", "Describe", "--operation", "Write"),
        *("--topic", "orders"),
    ]
    assert "secret-of-ann" not in str(error.hint)


def test_who_may_not_produce_idempotently_is_told_in_words() -> None:
    error = ours(errors.ClusterAuthorizationFailedError())
    assert error.reason == "cluster_not_authorized"
    assert error.message == "Kafka: this user may not produce idempotently"
