"""What transactions ask of brokers, and what is said of the answers."""

import asyncio
import dataclasses
import shlex
import struct
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors  # type: ignore[import-untyped]
from aiokafka.producer.transaction_manager import TransactionState  # type: ignore[import-untyped]

from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.intent import Identity, Mark
from pg_tide.kafka import Login, TransactionalClient, clients, coordination, settings_of
from pg_tide.kafka.errors import UnstableOffsetCommit
from pg_tide.kafka.offsets import (
    USUAL_RETENTION,
    Committed,
    OffsetFetch,
    OffsetFetchResponse_v7,
    committed,
    describe_retention,
    retention_of,
)
from pg_tide.kafka.transaction_refusals import POSITIONS_TOPIC, Refusals
from tests.fixtures.messages import a_config

ID = "shop-5a3ae9a1-0c0e-4d5e-9b4a-00c04fd430c8-17"
SETTINGS = dataclasses.replace(
    settings_of(a_config(brokers="b:9092,c:9092")), login=Login("PLAIN", "ann", "secret")
)
REFUSALS = Refusals(SETTINGS, ID, 60_000)


def text(value: str) -> bytes:
    """A compact string."""
    return bytes([len(value) + 1]) + value.encode()


def answer(offset: int, code: int = 0, of_group: int = 0) -> Any:
    """An answer about one partition, by the protocol's description."""
    partition = struct.pack(">iqi", 0, offset, -1) + text("token") + struct.pack(">h", code)
    topics = b"\2" + text("t") + b"\2" + partition + b"\0\0"
    return OffsetFetchResponse_v7.decode(
        struct.pack(">i", 0) + topics + struct.pack(">h", of_group) + b"\0"
    )


def test_the_question_for_a_mark_waits_for_transactions() -> None:
    built = OffsetFetch("g", "t", 0).prepare({9: (1, 10)})
    expected = text("g") + b"\2" + text("t") + b"\2" + struct.pack(">i", 0) + b"\0\1\0"
    assert built.encode() == expected
    with pytest.raises(NotImplementedError):
        OffsetFetch("g", "t", 0).prepare({9: (0, 6)})


def test_a_mark_or_none() -> None:
    assert committed(answer(17)) == Committed(17, "token")
    assert committed(answer(-1)) is None


@pytest.mark.parametrize("codes", [(88, 0), (0, 88)])
def test_a_mark_that_is_not_certain(codes: tuple[int, int]) -> None:
    with pytest.raises(UnstableOffsetCommit):
        committed(answer(17, *codes))


@pytest.mark.parametrize(
    ("entries", "seconds"),
    [
        ([("offsets.retention.minutes", "1440", False, 5, False, [])], 86_400),
        ([("offsets.retention.minutes", None, False, 5, False, [])], USUAL_RETENTION),
        ([], USUAL_RETENTION),
    ],
)
def test_how_long_a_mark_is_kept(entries: list[Any], seconds: float) -> None:
    assert retention_of(SimpleNamespace(resources=[(0, None, 4, "3", entries)])) == seconds
    asked = describe_retention(3).prepare({32: (0, 4)})
    assert asked.resources == [(4, "3", ["offsets.retention.minutes"])]


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (errors.ProducerFenced(), TransientError, "fenced"),
        (errors.for_code(90)(), TransientError, "fenced"),
        (errors.InvalidProducerEpoch(), TransientError, "fenced"),
        (errors.UnknownProducerId(), TransientError, "fenced"),
        (errors.InvalidProducerIdMapping(), TransientError, "fenced"),
        (errors.InvalidTxnState(), TransientError, "transaction_lost"),
        (errors.ConcurrentTransactions(), TransientError, "transaction_unfinished"),
        (errors.InvalidTransactionTimeout(), FatalError, "transaction_timeout_refused"),
        (errors.IncompatibleBrokerVersion(), FatalError, "kafka_too_old"),
        (errors.UnsupportedVersionError(), FatalError, "kafka_too_old"),
        (NotImplementedError(), FatalError, "kafka_too_old"),
        (errors.OutOfOrderSequenceNumber(), TransientError, "sequence_lost"),
    ],
)
def test_what_ends_a_transaction(error: Exception, kind: type[PgTideError], reason: str) -> None:
    hidden = errors.KafkaError("Unexpected error during batch delivery")
    hidden.__cause__ = error
    for each in (error, hidden):
        found = REFUSALS.of(each)
        assert (type(found), found.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("error", "topic", "words"),
    [
        (
            errors.TransactionalIdAuthorizationFailed(),
            None,
            (
                "--operation Write --operation Describe --transactional-id shop- "
                "--resource-pattern-type prefixed"
            ),
        ),
        (
            errors.GroupAuthorizationFailedError(),
            None,
            "--operation Read --group shop- --resource-pattern-type prefixed",
        ),
        (
            errors.TopicAuthorizationFailedError(),
            POSITIONS_TOPIC,
            f"--operation Read --topic {POSITIONS_TOPIC}",
        ),
        (
            errors.TopicAuthorizationFailedError(),
            "orders",
            "--operation Describe --operation Write --topic orders",
        ),
    ],
)
def test_the_hint_has_a_command_to_paste(error: Exception, topic: str | None, words: str) -> None:
    found = REFUSALS.of(error, topic)
    assert isinstance(found, FatalError)
    command = f"kafka-acls.sh --bootstrap-server b:9092 --add --allow-principal User:ann {words}"
    assert str(found.hint).endswith(f": {command}")


def test_another_ids_rights_are_its_own() -> None:
    hint = Refusals(SETTINGS, "it's mine", 1).of(errors.GroupAuthorizationFailedError()).hint
    words = shlex.split(str(hint).partition(": ")[2])
    assert words[-2:] == ["--group", "it's mine"]


def test_who_may_not_create_the_topic_for_marks_is_told_how() -> None:
    refused = FatalError("no", reason="topic_creation_not_authorized")
    found = REFUSALS.may_not_create(refused)
    assert (found.message, found.reason) == ("no", "topic_creation_not_authorized")
    assert (
        f"kafka-topics.sh --bootstrap-server b:9092 --create --topic {POSITIONS_TOPIC} "
        "--partitions 1 --config cleanup.policy=compact"
    ) in str(found.hint)


@pytest.fixture
async def client() -> AsyncIterator[TransactionalClient]:
    """Yield a client in the middle of a transaction, with connections that a test makes up."""
    made = TransactionalClient(SETTINGS, ID, 60_000)
    made._manager.set_pid_and_epoch(1, 1)  # noqa: SLF001 - what a broker would give
    made._sender._coordinators = dict.fromkeys((0, 1), 1)  # noqa: SLF001 - as if asked
    await made.begin()
    yield made
    await made.end()


def answering(client: TransactionalClient, *answers: Any) -> list[Any]:
    """Have brokers answer so; returns what they are asked."""
    asked: list[Any] = []
    queue = list(answers)

    async def send(_: Any, request: Any, **__: Any) -> Any:
        asked.append(request)
        said = queue.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    client._sender.client.send = send  # noqa: SLF001 - connections made up
    return asked


@pytest.mark.parametrize(
    "lost", [errors.RequestTimedOutError(), errors.KafkaConnectionError("closed")]
)
async def test_what_may_have_been_heard_is_not_asked_again(
    client: TransactionalClient, lost: Exception
) -> None:
    """It might be heard late, in the next transaction."""
    asked = answering(client, lost)
    ending = client._sender._do_add_offsets_to_txn(ID)  # noqa: SLF001 - what aiokafka calls
    with pytest.raises(type(lost)):
        await ending
    assert len(asked) == 1


async def test_what_was_not_sent_is_asked_again(
    client: TransactionalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordination, "BACKOFF", 0.0)
    answering(client, errors.NodeNotReadyError(), SimpleNamespace(error_code=0))
    sender = client._sender  # noqa: SLF001 - what aiokafka calls
    await sender._do_add_offsets_to_txn(ID)  # noqa: SLF001
    assert client._manager._txn_consumer_group is None  # noqa: SLF001
    sender._coordinators[1] = 1  # noqa: SLF001 - found again
    await sender._do_add_offsets_to_txn(ID)  # noqa: SLF001
    assert client._manager._txn_consumer_group == ID  # noqa: SLF001


async def test_the_end_of_the_transaction_before_is_soon(
    client: TransactionalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for again after a millisecond, and ever more seldom."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    answering(client, *[SimpleNamespace(error_code=51)] * 8, SimpleNamespace(error_code=0))
    sender = client._sender  # noqa: SLF001 - what aiokafka calls
    for _ in range(9):
        await sender._do_add_offsets_to_txn(ID)  # noqa: SLF001
    assert pauses == [0.001, 0.002, 0.004, 0.008, 0.016, 0.02, 0.02, 0.02]
    assert sender._pause(1, {errors.ConcurrentTransactions: None}) == 0.001  # noqa: SLF001


async def test_of_partitions_refused_together_the_one_at_fault_is_named(
    client: TransactionalClient,
) -> None:
    said = SimpleNamespace(errors=[("fine", [(0, 55)]), ("forbidden", [(0, 29), (1, 29)])])
    answering(client, said)
    with pytest.raises(FatalError, match='may not write topic "forbidden"'):
        await client._sender._do_add_partitions_to_txn({("fine", 0)})  # noqa: SLF001
    # Nothing is sent that is in no transaction.
    assert client._manager.txn_partitions == set()  # noqa: SLF001


async def test_a_transaction_with_a_failed_batch_is_not_committed(
    client: TransactionalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send_batch(*_: object, **__: object) -> None:
        raise errors.MessageSizeTooLargeError

    monkeypatch.setattr(client._producer, "send_batch", send_batch)  # noqa: SLF001
    with pytest.raises(PgTideError):
        await client.send(object(), "t", 0)
    with pytest.raises(TransientError) as caught:
        await client.commit()
    assert caught.value.reason == "client_spoiled"
    assert client._manager.state is TransactionState.IN_TRANSACTION  # noqa: SLF001


async def test_calls_have_an_end(
    client: TransactionalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_timeout", 0.01)
    with pytest.raises(TransientError) as caught:
        async with asyncio.timeout(2):
            await client.stamp(Mark(1, "t"))  # nobody hears it
    assert caught.value.reason == "kafka_timeout"
    client._sender.unfinished = True  # noqa: SLF001 - brokers said so
    with pytest.raises(TransientError) as caught:
        await client.commit()
    assert caught.value.reason == "transaction_unfinished"
    await client.abort()


async def test_what_ended_it_is_told_by_whatever_is_called(client: TransactionalClient) -> None:
    stamping = asyncio.create_task(client.stamp(Mark(1, "t")))
    await asyncio.sleep(0)
    client._sender.fail(errors.ProducerFenced())  # noqa: SLF001 - what its task does
    for call in (stamping, client.begin(), client.stamp(Mark(1, "t")), client.commit()):
        with pytest.raises(TransientError) as caught:
            await call
        assert caught.value.reason == "fenced"
    await client.abort()


def test_batches_say_that_they_are_transactional() -> None:
    """Those that do not are taken too, and are seen by consumers though they are aborted."""

    async def made() -> None:
        for level in (None, 3):
            settings = dataclasses.replace(SETTINGS, compression="zstd", compression_level=level)
            one = TransactionalClient(settings, ID, 60_000)
            batch = one.batch()
            batch.append(timestamp=1, key=b"k", value=b"v", headers=[])
            (attributes,) = struct.unpack_from(">h", batch._build(), 21)  # noqa: SLF001
            assert attributes & 0x10
            await one.end()

    asyncio.run(made())


async def test_it_starts_as_its_identity_says(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Any, ...]] = []

    class Client(TransactionalClient):
        async def start(self, seconds: float = 0.0) -> None:
            started.append((self._settings.brokers, self._id, self._timeout, seconds))
            await self.end()

    async def current() -> PipelineConfig:
        return PipelineConfig.parse({"brokers": "a:1", "topic": "t"})

    monkeypatch.setattr(clients, "TransactionalClient", Client)
    await clients.Clients(current).start_transactional(Identity("id", ("x:1", "y:2")), 5000)
    assert started == [(("x:1", "y:2"), "id", 5.0, 4.0)]
