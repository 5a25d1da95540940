"""One client of Kafka, from its start to its end."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, errors  # type: ignore[import-untyped]

from pg_tide.errors import MessageError, PgTideError, TransientError
from pg_tide.kafka.ahead import Ahead
from pg_tide.kafka.batches import batch_maker
from pg_tide.kafka.errors import mapped, ours, refusal
from pg_tide.kafka.network import Network
from pg_tide.kafka.patience import FIRST_PATIENCE
from pg_tide.kafka.rights import may_not_write, topic_missing
from pg_tide.kafka.settings import Settings
from pg_tide.kafka.tokens import Tokens
from pg_tide.kafka.topics import CreateTopic, Topic, describe_max_bytes, max_bytes_of, refused
from pg_tide.message import Record

ANSWER_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 5.0


Arrived = Callable[[str, int, int | None, int], None]
"""Told of a batch: its topic, its partition, the offset of its last record, how many they are."""


def nothing(*_: object) -> None:
    """Nobody is told."""


class Transacting(NamedTuple):
    """By which id transactions are known, and after how long brokers give one up."""

    transactional_id: str | None = None
    timeout_ms: int = 60_000


class KafkaClient:
    """One producer of aiokafka, from its start to its end; it logs in with `tokens`, if any.

    `expected` are topics that it will be asked for first: it asks for them while it starts.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens | None = None,
        transacting: Transacting = Transacting(),  # noqa: B008 - it never changes
        expected: Iterable[str] = (),
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        transactional = transacting.transactional_id is not None
        self._new_batch = batch_maker(
            settings.compression, settings.compression_level, transactional
        )
        self._producer = AIOKafkaProducer(
            client_id=settings.client_id,
            acks=settings.acks,
            enable_idempotence=settings.idempotent,
            compression_type=settings.compression,
            max_batch_size=settings.max_request_size,
            max_request_size=settings.max_request_size,
            request_timeout_ms=settings.request_timeout_ms,
            transactional_id=transacting.transactional_id,
            transaction_timeout_ms=transacting.timeout_ms,
        )
        self._client = Network(settings, frozenset(expected))
        adopt(self._producer, self._client)
        self.arrived: Arrived = nothing
        """Told of each batch that is acknowledged."""
        self._late = False
        self._ahead = Ahead()

    @property
    def trouble(self) -> PgTideError | None:
        """What keeps a broker away at this moment: the client goes on trying."""
        return self._client.trouble

    @property
    def short_of_time(self) -> bool:
        """Whether it might have started with more time, whatever it failed for."""
        return self._late or self._client.silent

    async def start(self, seconds: float = FIRST_PATIENCE) -> None:
        """Connect and, if idempotent, be given a producer id, within so many seconds.

        The files of certificates are read anew. Raises the error of ours that says what is wrong.
        """
        self._client.begin(seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._client.dialer.protect(self._tokens)
                await self._producer.start()
        except TimeoutError as error:
            self._late = True
            await self.end()
            raise self._client.reason or silence(self._settings, seconds) from error
        except Exception as error:
            await self.end()
            raise ours(error) from error
        except BaseException:
            await self.end()
            raise
        connected = next(iter(self._client._conns.values()), None)
        self._ahead.ask(connected, self._client.expected)

    async def topic(self, name: str, *, patient: bool = True) -> Topic:
        """Ask for a topic; raises TransientError `topic_missing` when there is none.

        `patient`, it is asked for three times, for not every broker has heard of a new one yet.
        """
        if (found := await self._found_ahead(name)) is not None:
            return found
        with mapped():
            for pause in (0.0, 0.1, 0.4) if patient else (0.0,):
                await asyncio.sleep(pause)
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await self._refresh(name)
                if self.partitions(name):
                    return Topic(self.partitions(name), await self._max_bytes(name))
            self._client._topics.discard(name)
            if name in self._client.cluster.unauthorized_topics:
                raise may_not_write(name, self._settings)
        raise topic_missing(name, self._settings)

    async def _found_ahead(self, name: str) -> Topic | None:
        answer = await self._ahead.answer(name)
        if answer is None or not self.partitions(name):
            return None
        self._client._topics.add(name)
        return Topic(self.partitions(name), max_bytes_of(answer))

    async def _refresh(self, name: str) -> None:
        is_new = name not in self._client._topics
        told = await self._client.add_topic(name)
        if not (self.partitions(name) or (is_new and name in self._client.asked_for)):
            told = await self._client.force_metadata_update()
        if not told:
            raise self.trouble or silence(self._settings, self._settings.request_timeout_ms / 1000)

    def partitions(self, name: str) -> int:
        """How many partitions a topic has, as of the last refresh; 0 when it is unknown."""
        return len(self._client.cluster.partitions_for_topic(name) or ())

    def topic_id(self, name: str) -> str | None:
        """The id of a topic, as of the last refresh; None where brokers told none."""
        told = self._client.cluster.topic_ids.get(name)
        return None if told is None else str(uuid.UUID(bytes=told))

    def watch(self, names: Iterable[str], refreshed: Callable[[], None]) -> None:
        """Refresh these topics too; `refreshed` is called whenever the brokers have told."""
        self._client.cluster.add_listener(lambda _: refreshed())
        self._client._topics.update(names)
        if self._client._topics:
            self._client.force_metadata_update()

    async def create_topic(
        self,
        name: str,
        partitions: int,
        replication: int,
        configs: Mapping[str, str] | None = None,
    ) -> None:
        """Create a topic, or find that it is there; -1 is the brokers' default for either number.

        Raises FatalError `topic_creation_not_authorized` or `topic_creation_refused`, with what
        the broker said.
        """
        timeout_ms = self._settings.request_timeout_ms
        request = CreateTopic(name, partitions, replication, timeout_ms, configs)
        controller = self._client.cluster.controller
        node = self._client.get_random_node() if controller is None else controller.nodeId
        with mapped():
            async with asyncio.timeout(ANSWER_TIMEOUT):
                answer = await self._client.send(node, request)
        if error := refused(name, answer):
            raise error

    async def _max_bytes(self, name: str) -> int | None:
        node = self._client.get_random_node()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                return max_bytes_of(await self._client.send(node, describe_max_bytes(name)))
        except (errors.KafkaError, OSError, TimeoutError):
            return None  # describing may be denied; the broker then has the last word

    def batch(self, max_bytes: int | None = None) -> Any:
        """An empty batch, to be filled with `extend` until it takes no more.

        It takes `max_bytes` before compression, or as many as a request may have; the first
        record is always taken.
        """
        most = self._settings.max_request_size
        return self._new_batch(most if max_bytes is None else min(most, max_bytes))

    def compressed_size(self, record: Record) -> int:
        """How many bytes a batch of this record alone takes."""
        batch = self.batch()
        batch.extend([record])
        return len(batch._build())

    async def send(self, batch: Any, topic: str, partition: int) -> None:
        """Produce a batch; returns when it was acknowledged.

        Raises BatchRefused when some record of it can not go. It waits for as long as brokers are
        away: the client goes on by itself then, and another one might send a second time what
        was taken.
        """
        try:
            with mapped():
                future = await self._producer.send_batch(batch, topic, partition=partition)
                heard(future)
                self._tell(topic, partition, batch.record_count(), await future)
        except PgTideError as error:
            cause = error.__cause__
            if isinstance(error, MessageError) and isinstance(cause, Exception):
                raise refusal(cause, self._client.blame(topic, partition)) from cause
            if isinstance(cause, errors.TopicAuthorizationFailedError):
                raise may_not_write(topic, self._settings) from error
            # What broke the client was told but once.
            raise (self._client.broken or error) from cause

    def _tell(self, topic: str, partition: int, records: int, answer: Any) -> None:
        # Brokers need not say where, and do not with acks=0, or of what they had already.
        known = answer is not None and answer.offset is not None and answer.offset >= 0
        self.arrived(topic, partition, answer.offset + records - 1 if known else None, records)

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
        self._client.end()
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


def heard(answer: asyncio.Future[Any]) -> None:
    """Let an answer be an error, though perhaps nobody waits for it any more."""
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())


def adopt(producer: Any, network: Network) -> None:
    """Have a producer that was not started yet use these connections instead of its own."""
    producer.client = network
    producer._metadata = network.cluster
    producer._message_accumulator._cluster = network.cluster
    producer._sender.client = network


def silence(settings: Settings, seconds: float) -> PgTideError:
    """The error of brokers that did not say anything in time."""
    return TransientError(
        f"Kafka: {', '.join(settings.brokers)}: no answer within {seconds:.3g} seconds",
        reason="kafka_timeout",
        hint="Look at the brokers' load, and the network.",
    )
