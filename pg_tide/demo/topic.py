"""The demo's topic on brokers not its own: made if missing, and then deleted at the end."""

import contextlib
import time
from collections.abc import Callable, Iterator

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pg_tide.errors import StartError

# librdkafka must not write into the terminal; what matters comes as an exception.
QUIET: dict[str, str | int | float | bool] = {"log_level": 0, "reconnect.backoff.max.ms": 500}
_PARTITIONS = 4
_SECONDS = 10.0


@contextlib.contextmanager
def topic(brokers: str, name: str, say: Callable[[str], None]) -> Iterator[bool]:
    """A topic for as long as the block runs; yields whether it was made for it.

    `say` is told if it cannot be deleted afterwards. Raises StartError if the brokers do not
    answer, or do not let us make it.
    """
    admin = AdminClient({**QUIET, "bootstrap.servers": brokers})
    try:
        admin.list_topics(timeout=_SECONDS / 2)
    except KafkaException as error:
        raise StartError(f"Kafka does not answer at {brokers}: {_reason(error)}") from error
    made = _create(admin, name)
    try:
        if made:
            _await_leaders(admin, name)
        yield made
    finally:
        if made:
            _delete(admin, name, say)


def _create(admin: AdminClient, name: str) -> bool:
    try:
        admin.create_topics([NewTopic(name, num_partitions=_PARTITIONS)])[name].result(_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise StartError(f"topic {name} could not be made: {_reason(error)}") from error
    return True


def _await_leaders(admin: AdminClient, name: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        known = admin.list_topics(name, timeout=_SECONDS).topics[name].partitions
        if len(known) == _PARTITIONS and all(each.leader >= 0 for each in known.values()):
            return
        time.sleep(0.05)
    raise StartError(f"topic {name} has no leaders after {_SECONDS:.0f} s")


def _delete(admin: AdminClient, name: str, say: Callable[[str], None]) -> None:
    try:
        admin.delete_topics([name])[name].result(_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            say(f"topic {name} was left behind: {_reason(error)}")


def _reason(error: KafkaException) -> str:
    return str(error.args[0].str())
