"""What a transactional producer asks its coordinators, each thing once.

aiokafka asks again when an answer is lost; what it asked first may then be heard late, in the next
transaction, and commit that one half done. And after some refusals it sends records that are in no
transaction, which no consumer ever gets past. Here both end the client, with the reason in words.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from time import monotonic
from typing import Any, TypeVar

from aiokafka import errors  # type: ignore[import-untyped]
from aiokafka.client import ConnectionGroup, CoordinationType  # type: ignore[import-untyped]
from aiokafka.producer.sender import InitPIDHandler, Sender  # type: ignore[import-untyped]
from aiokafka.protocol.transaction import (  # type: ignore[import-untyped]
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)
from aiokafka.util import create_future  # type: ignore[import-untyped]

from pg_tide.kafka.client import heard
from pg_tide.kafka.rights import topic_missing
from pg_tide.kafka.transaction_refusals import Refusals

BACKOFF = 0.1  # seconds
FIRST_BACKOFF = 0.001  # brokers end the transaction before within milliseconds
MOST_BACKOFF = 0.02
UNKNOWN_FOR = 5.0  # seconds for which a topic may be news to a coordinator
MOVED = {errors.CoordinatorNotAvailableError, errors.NotCoordinatorError}
UNDONE = {errors.NoError, errors.OperationNotAttempted}
BUSY = {errors.ConcurrentTransactions, errors.CoordinatorLoadInProgressError}
TRANSACTION, GROUP = CoordinationType.TRANSACTION, CoordinationType.GROUP
T = TypeVar("T")


class Coordination(Sender):  # type: ignore[misc]
    """The sender of a transactional producer; `fault` is what ended it.

    `unfinished`: when it was last asked, the transaction of the predecessor was not ended yet.
    """

    _coordinators: dict[Any, Any]

    def __init__(self, sender: Any, refusals: Refusals) -> None:
        super().__init__(
            sender.client,
            acks=sender._acks,
            txn_manager=sender._txn_manager,
            message_accumulator=sender._message_accumulator,
            retry_backoff_ms=BACKOFF * 1000,
            request_timeout_ms=sender._request_timeout_ms,
        )
        # Whether a batch that failed waits to be sent again does not matter.
        self._message_accumulator._pending_batches = _Forgiving()
        self.refusals = refusals
        self.unfinished = False
        self.fault: BaseException | None = None
        self.tasks: set[asyncio.Task[Any]] = set()
        self._id = refusals.transactional_id
        self._backoff = FIRST_BACKOFF
        self._unknown_since: float | None = None

    def fail(self, error: BaseException) -> None:
        """Let whatever waits have this error; nothing can be asked or sent any more."""
        self.fault = self.fault or error
        manager, accumulator = self._txn_manager, self._message_accumulator
        for batch in (
            *chain.from_iterable(accumulator._batches.values()),
            *accumulator._pending_batches,
        ):
            heard(batch.future)
            heard(batch._drain_waiter)
        accumulator.fail_all(error)
        if manager._transaction_waiter is None:
            manager._transaction_waiter = create_future()
        manager.fatal_error(error)
        heard(manager._transaction_waiter)

    def _fail_all(self, task: Any) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.fail(task.exception())

    def _maybe_do_transactional_request(self) -> Any:
        manager = self._txn_manager
        announced = manager._txn_consumer_group is not None or not manager.is_in_transaction()
        if manager.partitions_to_add() or announced:
            return self._noted(super()._maybe_do_transactional_request())
        # While records are on their way: every transaction commits a mark.
        return self._noted(asyncio.create_task(self._do_add_offsets_to_txn(self._id)))

    async def _send_produce_req(self, node_id: Any, batches: Any) -> None:
        self._noted(asyncio.current_task())
        for batch in batches.values():
            heard(batch.future)
        await super()._send_produce_req(node_id, batches)

    def _noted(self, task: asyncio.Task[Any] | None) -> asyncio.Task[Any] | None:
        """Remember what goes on: aiokafka forgets it when one of its tasks fails."""
        if task is not None:
            heard(task)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return task

    async def _find_coordinator(self, coordinator_type: Any, coordinator_key: str) -> Any:
        while coordinator_type not in self._coordinators:
            if self.fault is not None:
                raise errors.ProducerClosed
            try:
                node = await self.client.coordinator_lookup(coordinator_type, coordinator_key)
            except (*MOVED, errors.NodeNotReadyError, errors.RequestTimedOutError):
                self.client.force_metadata_update()
                await asyncio.sleep(BACKOFF)
            except (errors.KafkaError, NotImplementedError) as error:
                raise self.refusals.of(error) from error
            else:
                if await self.client.ready(node, group=ConnectionGroup.COORDINATION):
                    self._coordinators[coordinator_type] = node
                else:
                    await asyncio.sleep(BACKOFF)
        return self._coordinators[coordinator_type]

    async def _do_init_pid(self, node_id: Any) -> bool:
        """Be given a producer id, once the transaction of the predecessor has been ended."""
        handler = _Beginning(self)
        while not (done := await handler.do(node_id)) and self.unfinished:
            pass
        return bool(done)

    async def _do_add_partitions_to_txn(self, tps: Any) -> None:
        await asyncio.sleep(0)  # others come at the same time
        asked = sorted(tps)
        topics = defaultdict(list)
        for topic, partition in asked:
            topics[topic].append(partition)
        request = AddPartitionsToTxnRequest(*self._who, list(topics.items()))
        if await self._accepted(TRANSACTION, request):
            for each in asked:
                self._txn_manager.partition_added(each)

    async def _do_add_offsets_to_txn(self, group_id: str) -> None:
        if await self._accepted(TRANSACTION, AddOffsetsToTxnRequest(*self._who, group_id)):
            self._txn_manager.consumer_group_added(group_id)

    async def _do_txn_offset_commit(self, offsets: Mapping[Any, Any], group_id: str) -> None:
        topics = [
            (topic, [(partition, committed.offset, committed.metadata)])
            for (topic, partition), committed in offsets.items()
        ]
        known_as, *producer = self._who
        request = TxnOffsetCommitRequest(known_as, group_id, *producer, topics)
        if await self._accepted(GROUP, request):
            for partition, committed in list(offsets.items()):
                self._txn_manager.offset_committed(partition, committed.offset, group_id)

    async def _do_txn_commit(self, commit_result: Any) -> None:
        await self._message_accumulator.flush_for_commit()
        manager = self._txn_manager
        if manager.is_empty_transaction() or (
            await self._accepted(TRANSACTION, EndTxnRequest(*self._who, commit_result))
        ):
            manager.complete_transaction()

    @property
    def _who(self) -> tuple[str, int, int]:
        manager = self._txn_manager
        return self._id, manager.producer_id, manager.producer_epoch

    async def _accepted(self, coordinator: Any, request: Any) -> bool:
        """Ask, and say whether that did it; False where it must be asked again."""
        node = await self._find_coordinator(coordinator, self._id)
        try:
            answer = await self.client.send(node, request, group=ConnectionGroup.COORDINATION)
        except errors.NodeNotReadyError:  # it was not sent
            self._coordinator_dead(coordinator)
            await asyncio.sleep(BACKOFF)
            return False
        said = {errors.for_code(code): topic for topic, code in _codes(answer)}
        pause = self._pause(coordinator, said)
        if pause is not None:
            await asyncio.sleep(pause)
        return pause is None

    def _pause(self, coordinator: Any, said: Mapping[Any, str | None]) -> float | None:
        """How long to wait until it is asked again; None if it was accepted."""
        self.unfinished = errors.ConcurrentTransactions in said
        if not set(said) - UNDONE:
            self._backoff, self._unknown_since = FIRST_BACKOFF, None
            return None
        for kind, topic in said.items():
            if kind is errors.UnknownTopicOrPartitionError:
                self._wait_for_topic(topic)
            elif kind in MOVED:
                self._coordinator_dead(coordinator)
            elif kind not in UNDONE | BUSY:
                raise self.refusals.of(kind(), topic)
        most = MOST_BACKOFF if self.unfinished else BACKOFF
        pause, self._backoff = self._backoff, min(self._backoff * 2, most)
        return pause

    def _wait_for_topic(self, topic: str | None) -> None:
        """Not every broker has heard of a new one yet."""
        since = self._unknown_since = self._unknown_since or monotonic()
        if monotonic() - since > UNKNOWN_FOR:
            raise topic_missing(topic or "", self.refusals.settings)


class _Beginning(InitPIDHandler):  # type: ignore[misc]
    """Asks for a producer id; it may be asked again, for the one that it gives last is the one."""

    def handle_response(self, resp: Any) -> float | None:
        """Take it, or say how long to wait."""
        sender = self._sender
        kind = errors.for_code(resp.error_code)
        sender.unfinished = kind is errors.ConcurrentTransactions
        if sender.unfinished:
            return MOST_BACKOFF
        if kind in {errors.NoError, *MOVED, errors.CoordinatorLoadInProgressError}:
            pause: float | None = super().handle_response(resp)
            return pause
        raise sender.refusals.of(kind())


class _Forgiving(set[T]):
    """Takes no offence at the removal of what is not there."""

    remove = set.discard


def _codes(answer: Any) -> Iterable[tuple[str | None, int]]:
    """What an answer says, of each topic where it is about topics."""
    if not hasattr(answer, "errors"):
        return [(None, answer.error_code)]
    return [(topic, code) for topic, partitions in answer.errors for _, code in partitions]
