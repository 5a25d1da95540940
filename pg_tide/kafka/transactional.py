"""A client that produces in transactions, and commits a mark with each of them.

What it has, all or nothing, is what its brokers have: when anything fails it is ended, and whoever
starts next under the same id ends what it left open, and only then reads the mark.
"""

import asyncio
import contextlib
import dataclasses
from typing import Any

from aiokafka import TopicPartition, errors  # type: ignore[import-untyped]
from aiokafka.client import ConnectionGroup, CoordinationType  # type: ignore[import-untyped]
from aiokafka.producer.transaction_manager import TransactionState  # type: ignore[import-untyped]
from aiokafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.intent import Found, Mark
from pg_tide.kafka.client import (
    ANSWER_TIMEOUT,
    STOP_TIMEOUT,
    KafkaClient,
    Transacting,
    heard,
    silence,
)
from pg_tide.kafka.coordination import BACKOFF, Coordination
from pg_tide.kafka.errors import UnstableOffsetCommit, mapped
from pg_tide.kafka.network import cut_short
from pg_tide.kafka.offsets import (
    USUAL_RETENTION,
    Committed,
    OffsetFetch,
    OffsetFetchRequest_v7,
    committed,
    describe_retention,
    retention_of,
)
from pg_tide.kafka.patience import FIRST_PATIENCE
from pg_tide.kafka.settings import Settings
from pg_tide.kafka.tokens import Tokens
from pg_tide.kafka.topics import BROKER_DEFAULT
from pg_tide.kafka.transaction_refusals import POSITIONS_TOPIC, Refusals

SOON = 1.0  # seconds
POSITIONS = TopicPartition(POSITIONS_TOPIC, 0)
AGAIN = (
    errors.NodeNotReadyError,
    errors.RequestTimedOutError,
    errors.KafkaConnectionError,
    errors.NotCoordinatorError,
    errors.CoordinatorNotAvailableError,
    errors.CoordinatorLoadInProgressError,
    UnstableOffsetCommit,
)


class TransactionalClient(KafkaClient):
    """One transactional producer, from its start to its end; its group has its id as its name.

    Transactions come one after another: `begin`, then `send` and `stamp`, then, when all of them
    have returned, `commit` or `abort`. A `stamp` beside a `send` works, but is slow: of two that
    ask at once whether a transaction is known, brokers refuse one for a moment (KIP-890).
    """

    def __init__(
        self,
        settings: Settings,
        transactional_id: str,
        transaction_timeout_ms: int,
        tokens: Tokens | None = None,
    ) -> None:
        settings = dataclasses.replace(settings, acks="all", idempotent=True)
        transacting = Transacting(transactional_id, transaction_timeout_ms)
        super().__init__(settings, tokens, transacting)
        self._id = transactional_id
        self._timeout = transaction_timeout_ms / 1000
        self._refusals = Refusals(settings, transactional_id, transaction_timeout_ms)
        self._sender = Coordination(self._producer._sender, self._refusals)
        self._producer._sender = self._sender
        self._manager: Any = self._producer._txn_manager
        self._failed = False
        self._sends: set[asyncio.Timeout] = set()

    async def start(self, seconds: float = FIRST_PATIENCE) -> None:
        """Connect, end what the predecessor left open and fence it; then have a topic for marks.

        Raises what KafkaClient's does; TransientError `transaction_unfinished`; FatalError
        `transactional_id_not_authorized`, `transaction_timeout_refused`, `kafka_too_old`,
        `positions_not_authorized`, and what `create_topic` raises.
        """
        try:
            await super().start(seconds)
        except PgTideError as error:
            if isinstance(error.__cause__, TimeoutError) and self._sender.unfinished:
                raise self._refusals.unfinished() from error
            raise self._refusals.again(error) from error.__cause__
        try:
            self._check_versions()
            await self._have_positions()
        except BaseException:
            await self.end()
            raise

    def _check_versions(self) -> None:
        newest = OffsetFetchRequest_v7
        for connection in self._client._conns.values():
            _, most = connection._versions.get(newest.API_KEY, (0, 0))
            if most < newest.API_VERSION:
                raise self._refusals.too_old()

    async def _have_positions(self) -> None:
        try:
            await self.topic(POSITIONS_TOPIC, patient=False)
        except TransientError as error:
            if error.reason != "topic_missing":
                raise
            await self._create_positions()
            await self.topic(POSITIONS_TOPIC)
        except FatalError as error:
            if error.reason != "topic_not_authorized":
                raise
            raise self._refusals.of(
                errors.TopicAuthorizationFailedError(), POSITIONS_TOPIC
            ) from error
        with mapped():
            async with asyncio.timeout(ANSWER_TIMEOUT):
                while self._client.cluster.leader_for_partition(POSITIONS) in {None, -1}:
                    await self._client.force_metadata_update()

    async def _create_positions(self) -> None:
        compacted = {"cleanup.policy": "compact"}
        try:
            await self.create_topic(POSITIONS_TOPIC, 1, BROKER_DEFAULT, compacted)
        except FatalError as error:
            raise self._refusals.may_not_create(error) from error

    async def found(self) -> Found:
        """Read the mark that was committed last, and for how long brokers keep one.

        Raises TransientError when that is not certain in time, FatalError `group_not_authorized`.
        """
        node, mark = None, None
        last: Exception | None = None
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                while node is None:
                    try:
                        node, mark = await self._committed()
                    except AGAIN as error:
                        last = error
                        self._client.force_metadata_update()
                        await asyncio.sleep(BACKOFF)
        except TimeoutError as error:
            raise self._why_late(last) from error
        except Exception as error:
            raise self._refusals.of(error, POSITIONS_TOPIC) from error
        return Found(None if mark is None else Mark(*mark), await self._retention(node))

    def _why_late(self, last: Exception | None) -> PgTideError:
        if isinstance(last, UnstableOffsetCommit):
            return self._refusals.unfinished()
        return self.trouble or silence(self._settings, ANSWER_TIMEOUT)

    async def _committed(self) -> tuple[Any, Committed | None]:
        """Ask the coordinator of the group; which broker that is, and what it said."""
        node = await self._client.coordinator_lookup(CoordinationType.GROUP, self._id)
        request = OffsetFetch(self._id, *POSITIONS)
        answer = await self._client.send(node, request, group=ConnectionGroup.COORDINATION)
        return node, committed(answer)

    async def _retention(self, node: Any) -> float:
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                return retention_of(await self._client.send(node, describe_retention(node)))
        except (errors.KafkaError, OSError, TimeoutError):
            return USUAL_RETENTION  # describing may be denied

    async def begin(self) -> None:
        """Begin a transaction; brokers hear of it with its first record or mark."""
        if self._manager.state is not TransactionState.READY:
            raise self._fault()
        self._failed = False
        self._manager.begin_transaction()

    async def send(self, batch: Any, topic: str, partition: int) -> None:
        """Produce a batch in the transaction; returns when it was acknowledged.

        Raises BatchRefused when some record of it can not go, TransientError `fenced`, or
        `kafka_timeout` when that took as long as a transaction may.
        """
        try:
            async with asyncio.timeout(self._timeout) as until_the_end:
                self._sends.add(until_the_end)
                try:
                    await super().send(batch, topic, partition)
                except BaseException:
                    self._failed = True
                    raise
                finally:
                    self._sends.remove(until_the_end)
        except TimeoutError as error:
            if self._sender.fault is not None:
                raise self._fault() from error
            raise self.trouble or silence(self._settings, self._timeout) from error
        except PgTideError as error:
            if error.reason == "client_spoiled" and self._sender.fault is not None:
                raise self._fault() from error
            raise self._refusals.again(error) from error.__cause__

    async def stamp(self, mark: Mark) -> None:
        """Have the transaction commit a mark."""
        if not self._manager.is_in_transaction():
            raise self._fault()
        committing = {POSITIONS: OffsetAndMetadata(mark.number, mark.token)}
        await self._told(self._manager.add_offsets_to_txn(committing, self._id))

    async def commit(self) -> None:
        """Commit the transaction; whatever is raised, it may have been.

        But not where a batch of it failed: then it is refused.
        """
        if self._failed or not self._manager.is_in_transaction():
            raise self._fault()
        self._manager.committing_transaction()
        await self._told(self._manager.wait_for_transaction_end())

    async def abort(self, seconds: float = STOP_TIMEOUT) -> None:
        """Abort the transaction if one is open and brokers can be told; never raises."""
        if not self._manager.is_in_transaction():
            return
        self._manager.aborting_transaction()
        with contextlib.suppress(PgTideError):
            await self._told(self._manager.wait_for_transaction_end(), seconds)

    async def _told(self, answer: asyncio.Future[None], seconds: float = ANSWER_TIMEOUT) -> None:
        heard(answer)
        seconds = min(seconds, self._timeout)
        await asyncio.wait({answer}, timeout=seconds)
        if not answer.done():
            if self._sender.unfinished:
                raise self._refusals.unfinished()
            raise self.trouble or silence(self._settings, seconds)
        try:
            answer.result()
        except Exception as error:
            raise self._refusals.of(error) from error

    def _fault(self) -> PgTideError:
        """Why nothing can be done any more."""
        fault = self._sender.fault
        if isinstance(fault, Exception):
            return self._refusals.of(fault)
        return TransientError(
            "Kafka: a transaction is under way, or something of it failed",
            reason="client_spoiled",
        )

    async def close(self) -> None:
        """End a client with nothing under way."""
        if self._manager.state is TransactionState.READY:
            await super().close()
        else:
            await self.end()

    async def end(self) -> None:
        """End it for good, whatever is under way, so that nothing of it can arrive any more.

        An open transaction is aborted if that is soon done: what is behind it in its topics can
        not be read before.
        """
        try:
            if self.trouble is None:
                await self.abort(SOON)
        finally:  # also when whoever waits is cancelled
            self._sender.fail(errors.ProducerClosed())
            cut_short(self._sends)
            await super().end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                while tasks := set(self._sender.tasks):
                    self._wait_for_no_metadata()
                    await asyncio.wait(tasks, timeout=0.05)
