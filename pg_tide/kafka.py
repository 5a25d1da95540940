"""The door to Kafka: one client, from its start to its end, and every error of theirs as ours.

A client that failed once is spoiled (a sequence number is used up): it is ended for good, and
its batches with it, before another takes its place. No call waits longer than a bound of ours.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer, errors  # type: ignore[import-untyped]
from aiokafka.producer.message_accumulator import BatchBuilder  # type: ignore[import-untyped]
from aiokafka.protocol.admin import DescribeConfigsRequest  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.message import Record

TOPIC_RESOURCE = 2  # the protocol's number for a topic in DescribeConfigs
START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 5.0

TRANSIENT: dict[type[Exception], str] = {
    errors.KafkaConnectionError: "kafka_unreachable",
    errors.KafkaTimeoutError: "kafka_timeout",
    errors.RequestTimedOutError: "kafka_timeout",
    errors.NodeNotReadyError: "kafka_unreachable",
    errors.StaleMetadata: "no_leader",
    errors.LeaderNotAvailableError: "no_leader",
    errors.NotLeaderForPartitionError: "no_leader",
    errors.NotEnoughReplicasError: "too_few_replicas",
    errors.NotEnoughReplicasAfterAppendError: "too_few_replicas",
    errors.UnknownTopicOrPartitionError: "topic_missing",
    errors.CoordinatorNotAvailableError: "kafka_unreachable",
    errors.CoordinatorLoadInProgressError: "kafka_unreachable",
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
        "Allow this user to DESCRIBE and WRITE the topic.",
    ),
    errors.ClusterAuthorizationFailedError: (
        "cluster_not_authorized",
        "Allow this user IDEMPOTENT_WRITE on the cluster, or set idempotent to false.",
    ),
    errors.MessageSizeTooLargeError: (
        "too_large",
        "Raise the topic's max.message.bytes, or lower max_request_size.",
    ),
    errors.InvalidTopicError: ("topic_invalid", "Correct the option topic."),
    errors.UnsupportedVersionError: ("kafka_too_old", "Use Apache Kafka 2.0 or later."),
}


def ours(error: Exception) -> PgTideError:
    """The error of ours for one of aiokafka's; a FatalError with its name when it is unknown."""
    if isinstance(error, PgTideError):
        return error
    text = f"Kafka: {str(error) or type(error).__name__}"
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


class _Overheard(logging.Handler):
    """What aiokafka only tells its logger: why a connection could not be made."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was said, once."""
        text = record.getMessage()
        if text not in self.said:
            self.said.append(text)


@contextlib.contextmanager
def _overhearing() -> Iterator[list[str]]:
    handler = _Overheard()
    logger = logging.getLogger("aiokafka")
    logger.addHandler(handler)
    try:
        yield handler.said
    finally:
        logger.removeHandler(handler)


@dataclass(frozen=True)
class Topic:
    """What the brokers say of a topic; `max_bytes` is null where they do not tell."""

    partitions: int
    max_bytes: int | None


@dataclass(frozen=True)
class Settings:
    """How to reach the brokers, and how to produce."""

    brokers: tuple[str, ...]
    client_id: str
    acks: str | int
    idempotent: bool
    compression: str | None
    max_request_size: int
    request_timeout_ms: int
    metadata_max_age_ms: int


class KafkaClient:
    """One producer of aiokafka, from its start to its end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = AIOKafkaProducer(
            bootstrap_servers=list(settings.brokers),
            client_id=settings.client_id,
            acks=settings.acks,
            enable_idempotence=settings.idempotent,
            compression_type=settings.compression,
            max_batch_size=settings.max_request_size,
            max_request_size=settings.max_request_size,
            request_timeout_ms=settings.request_timeout_ms,
            metadata_max_age_ms=settings.metadata_max_age_ms,
        )

    @property
    def _client(self) -> Any:
        return self._producer.client

    async def start(self) -> None:
        """Connect and, if idempotent, be given a producer id; raises ours with what was said."""
        with _overhearing() as said:
            try:
                async with asyncio.timeout(START_TIMEOUT):
                    await self._producer.start()
            except (errors.KafkaError, OSError, TimeoutError) as error:
                await self.end()
                known = ours(error)
                known.message = "; ".join([known.message, *said])
                known.args = (known.message,)
                raise known from error
            except BaseException:
                await self.end()
                raise

    async def topic(self, name: str) -> Topic:
        """Ask for a topic; raises TransientError `topic_missing` when there is none."""
        with mapped():
            for pause in (0.0, 0.1, 0.4):
                await asyncio.sleep(pause)
                async with asyncio.timeout(START_TIMEOUT):
                    await self._refresh(name)
                if self.partitions(name):
                    return Topic(self.partitions(name), await self._max_bytes(name))
            if name in self._client.cluster.unauthorized_topics:
                raise errors.TopicAuthorizationFailedError(name)
        raise TransientError(
            f'Kafka: topic "{name}" does not exist',
            reason="topic_missing",
            hint=f"Create it: kafka-topics.sh --bootstrap-server {self._settings.brokers[0]} "
            f"--create --topic {name}",
        )

    async def _refresh(self, name: str) -> None:
        await self._client.add_topic(name)
        if not self.partitions(name):
            await self._client.force_metadata_update()

    def partitions(self, name: str) -> int:
        """How many partitions a topic has, as of the last refresh; 0 when it is unknown."""
        return len(self._client.cluster.partitions_for_topic(name) or ())

    async def _max_bytes(self, name: str) -> int | None:
        request = DescribeConfigsRequest([(TOPIC_RESOURCE, name, ["max.message.bytes"])], False)
        node = self._client.get_random_node()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                answer = await self._client.send(node, request)
            entries = answer.resources[0][4]
            return int(entries[0][1]) if entries else None
        except (errors.KafkaError, OSError, TimeoutError):
            return (
                None  # describing configurations may be denied; the broker then has the last word
            )

    def batch(self, max_bytes: int | None = None) -> Any:
        """An empty batch, to be filled with `append` until that returns None.

        It takes `max_bytes` before compression, or as many as a request may have; the first
        record is always taken.
        """
        most = self._settings.max_request_size
        codec = self._producer._message_accumulator._compression_type
        return BatchBuilder(most if max_bytes is None else min(most, max_bytes), codec)

    def compressed_size(self, record: Record) -> int:
        """How many bytes a batch of this record alone takes."""
        batch = self.batch()
        batch.append(
            timestamp=record.timestamp_ms,
            key=record.key,
            value=record.value,
            headers=record.headers,
        )
        return len(batch._build())

    async def send(self, batch: Any, topic: str, partition: int) -> None:
        """Produce a batch; returns when it was acknowledged."""
        with mapped():
            future = await self._producer.send_batch(batch, topic, partition=partition)
            await future

    async def close(self) -> None:
        """End a client with nothing under way."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._producer.stop()
        except (errors.KafkaError, OSError, TimeoutError):
            await self.end()

    async def end(self) -> None:
        """End it for good, whatever is under way, so that nothing of it can arrive any more."""
        producer: Any = self._producer
        producer._closed = True
        sender = producer._sender.sender_task
        if sender is not None:
            sender.cancel()
        for connection in self._client._conns.values():
            connection.close()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._client.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                while sender is not None and not sender.done():
                    self._wait_for_no_metadata()
                    await asyncio.wait({sender}, timeout=0.05)

    def _wait_for_no_metadata(self) -> None:
        """End the wait of requests that failed for metadata, which a closed client never gets.

        The cancelled sender, in turn, waits for them.
        """
        refreshed = self._client._md_update_fut
        if refreshed is not None and not refreshed.done():
            refreshed.set_result(False)
