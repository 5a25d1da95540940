"""A throw-away Kafka: librdkafka's mock cluster, inside this process, gone with it.

It speaks the real protocol to idempotent producers and to librdkafka's consumers, which is what
the demo needs. It proves nothing about transactions, fencing or durability, aiokafka cannot read
from it, and it forgets all but the last 5 MB of a partition: read while it is written.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from pg_tide.errors import StartError

if TYPE_CHECKING:
    from confluent_kafka import Producer

_SECONDS = 10.0


class EmbeddedKafka:
    """A mock cluster of `nodes` brokers, from the moment this exists until `close()`.

    Raises StartError without confluent-kafka, or if the brokers do not answer. The constructor
    takes about 10 ms.
    """

    partitions = 4
    """How many partitions every topic has; the mock cluster knows no other number."""

    def __init__(self, nodes: int = 1) -> None:
        self._owner = _cluster(nodes)
        self.brokers = _addresses(self._owner)

    def create_topic(self, name: str) -> None:
        """Create a topic, as its first use would."""
        known = self._owner.list_topics(name, timeout=_SECONDS).topics[name]
        if known.error is not None:
            raise StartError(f"the embedded Kafka did not create {name}: {known.error}")

    def close(self) -> None:
        """Stop the brokers; what they held is gone."""
        self._owner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _cluster(nodes: int) -> "Producer":
    """Make the client that owns the cluster; it never produces anything itself."""
    try:
        from confluent_kafka import Producer  # noqa: PLC0415 - of the `demo` extra
    except ImportError as error:
        raise StartError(
            "the embedded Kafka is not installed: pip install 'pg-tide[demo]'"
        ) from error
    return Producer({"test.mock.num.brokers": nodes, "log_level": 4})


def _addresses(owner: "Producer") -> str:
    from confluent_kafka import KafkaException  # noqa: PLC0415 - of the `demo` extra

    try:
        brokers = owner.list_topics(timeout=_SECONDS).brokers
    except KafkaException as error:
        owner.close()
        raise StartError(f"the embedded Kafka does not answer: {error}") from error
    return ",".join(f"{broker.host}:{broker.port}" for broker in brokers.values())
