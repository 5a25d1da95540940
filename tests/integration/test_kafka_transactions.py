"""Transactions and their marks at real brokers: what is committed, what is not, and who may."""

import asyncio
import contextlib
import gc
import itertools
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from pg_tide.errors import BatchRefused, FatalError, PgTideError, TransientError
from pg_tide.intent import Found, Mark
from pg_tide.kafka import TransactionalClient, coordination
from pg_tide.kafka.transaction_refusals import POSITIONS_TOPIC
from tests.fixtures.kafka_admin import DESCRIBE, GROUP, READ, TRANSACTIONAL_ID, WRITE
from tests.fixtures.kafka_server import KafkaServer
from tests.fixtures.secured_kafka import LIMITED, SecuredKafka, login
from tests.fixtures.topics import create_topic, delete_topic, read_all
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci
from tests.integration.test_kafka_client import settings

WEEK = 7 * 86_400
ROOT = Path(__file__).parents[2]
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[KafkaServer]:
    """Yield a broker of this module's, which a test may stop if it starts it again."""
    quick = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "100"}
    try:
        made = KafkaServer(settings=quick)
    except UnavailableError as error:
        skip_unless_ci(error)
    with made:
        yield made


@pytest.fixture
def topic(server: KafkaServer) -> str:
    """Return the name of a topic of the test's own."""
    name = f"topic-{next(numbers)}"
    create_topic(server.brokers, name)
    return name


@pytest.fixture
def new_id() -> str:
    """Return a transactional id of the test's own."""
    return f"pg-tide-5a3ae9a1-0c0e-4d5e-9b4a-{next(numbers):012x}-1"


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    """No task goes on when its client was ended, and no error is told to nobody."""
    loop = asyncio.get_running_loop()
    told: list[Any] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    before = asyncio.all_tasks()
    yield
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
                await asyncio.wait(left)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    gc.collect()
    await asyncio.sleep(0)
    assert not left
    assert not told


def client_of(
    brokers: str, known_as: str, timeout_ms: int = 60_000, **options: object
) -> TransactionalClient:
    """A client that was not started yet."""
    return TransactionalClient(settings(brokers, **options), known_as, timeout_ms)


@contextlib.asynccontextmanager
async def started(
    brokers: str, known_as: str, timeout_ms: int = 60_000, **options: object
) -> AsyncIterator[TransactionalClient]:
    """Start a client, and end it."""
    client = client_of(brokers, known_as, timeout_ms, **options)
    await client.start(15)
    try:
        yield client
    finally:
        await client.end()


async def send(
    client: TransactionalClient, topic: str, value: bytes, key: bytes | None = b"k"
) -> None:
    """Produce one record."""
    batch = client.batch()
    batch.append(timestamp=int(time.time() * 1000), key=key, value=value, headers=[])
    await client.send(batch, topic, 0)


async def transact(client: TransactionalClient, topic: str, number: int) -> None:
    """Commit a transaction of one record, with its mark."""
    await client.begin()
    stamped = client.stamp(Mark(number, f"token-{number}"))
    await asyncio.gather(send(client, topic, b"%d" % number), stamped)
    await client.commit()


async def values(brokers: str, topic: str) -> list[bytes | None]:
    """What consumers see who read what was committed, when all transactions have their end."""
    return [record.value for record in await asyncio.to_thread(read_all, brokers, topic)]


async def found(brokers: str, known_as: str) -> Found:
    """What a successor reads, having ended what was left."""
    async with started(brokers, known_as) as client:
        return await client.found()


async def refused(call: Awaitable[None], kind: type[PgTideError], reason: str) -> PgTideError:
    """Return the error of a call."""
    with pytest.raises(kind) as caught:
        async with asyncio.timeout(20):
            await call
    assert caught.value.reason == reason, caught.value
    return caught.value


async def test_what_is_committed_is_seen_and_its_mark_kept(
    server: KafkaServer, topic: str, new_id: str
) -> None:
    async with started(server.brokers, new_id) as client:
        assert await client.found() == Found(None, WEEK)
        for number in range(1, 6):
            await transact(client, topic, number)
        await client.begin()
        await client.stamp(Mark(2**60, "only a mark"))
        await client.commit()
        await client.begin()
        await client.commit()
        await client.close()
    assert await found(server.brokers, new_id) == Found(Mark(2**60, "only a mark"), WEEK)
    assert await values(server.brokers, topic) == [b"1", b"2", b"3", b"4", b"5"]


async def test_what_is_aborted_is_not_seen(server: KafkaServer, topic: str, new_id: str) -> None:
    async with started(server.brokers, new_id) as client:
        await transact(client, topic, 1)
        await client.begin()
        await asyncio.gather(send(client, topic, b"2"), client.stamp(Mark(2, "never")))
        await client.abort()
        await client.abort()
        await transact(client, topic, 3)
    assert (await found(server.brokers, new_id)).mark == Mark(3, "token-3")
    assert await values(server.brokers, topic) == [b"1", b"3"]


async def test_what_is_behind_a_transaction_that_was_given_up_can_be_read(
    server: KafkaServer, topic: str, new_id: str
) -> None:
    async with started(server.brokers, new_id) as client:
        await client.begin()
        await send(client, topic, b"never")
    async with started(server.brokers, f"{new_id}0") as another, asyncio.timeout(10):
        await transact(another, topic, 1)
        assert await values(server.brokers, topic) == [b"1"]


async def test_a_killed_process_leaves_a_mark_that_is_true(server: KafkaServer, topic: str) -> None:
    """Of thirty producers, each in another moment of its transaction."""
    ids = [f"killed-{next(numbers)}" for _ in range(30)]
    arguments = ("-m", "tests.fixtures.transactor", server.brokers, topic, *ids)
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    async with asyncio.timeout(30):
        assert await child.stdout.readline() == b"under way\n"
    child.kill()
    await child.wait()
    marks = [(await found(server.brokers, known_as)).mark for known_as in ids]
    seen = defaultdict(list)
    for record in await asyncio.to_thread(read_all, server.brokers, topic):
        seen[(record.key or b"").decode()].append(int(record.value or b""))
    for known_as, mark in zip(ids, marks, strict=True):
        assert mark is not None
        assert seen[known_as] == list(range(1, mark.number + 1))
        assert mark.token == f"token-{mark.number}"


@pytest.mark.parametrize("what", ["send", "stamp", "commit", "begin"])
async def test_a_successor_fences_its_predecessor(
    server: KafkaServer, topic: str, new_id: str, what: str
) -> None:
    async with started(server.brokers, new_id) as old:
        await transact(old, topic, 1)
        if what != "begin":
            await old.begin()
            await send(old, topic, b"old")
        async with started(server.brokers, new_id) as new:
            assert (await new.found()).mark == Mark(1, "token-1")
            calls: dict[str, Callable[[], Awaitable[None]]] = {
                "send": lambda: send(old, topic, b"late"),
                "stamp": lambda: old.stamp(Mark(2, "late")),
                "commit": old.commit,
                "begin": lambda: transact(old, topic, 2),
            }
            error = await refused(calls[what](), TransientError, "fenced")
            assert f"another producer took over transactional id {new_id}" in str(error)
            await old.abort()
            await refused(old.commit(), TransientError, "fenced")
            await transact(new, topic, 3)
    assert await values(server.brokers, topic) == [b"1", b"3"]


async def test_a_transaction_that_brokers_gave_up(
    server: KafkaServer, topic: str, new_id: str
) -> None:
    async with started(server.brokers, new_id, 1000) as client:
        await client.begin()

        async def go_on() -> None:
            while True:
                await send(client, topic, b"too long")

        error = await refused(go_on(), TransientError, "fenced")
        assert "transaction_timeout_ms (1000)" in str(error)
        await refused(client.commit(), TransientError, "client_spoiled")
    assert await found(server.brokers, new_id) == Found(None, WEEK)
    assert await values(server.brokers, topic) == []


@pytest.mark.parametrize(
    ("config", "record", "reason"),
    [
        ({"cleanup.policy": "compact"}, (b"v", None), "invalid_record"),
        ({"max.message.bytes": "2000"}, (os.urandom(3000), b"k"), "too_large"),
    ],
)
async def test_a_batch_that_is_refused(
    server: KafkaServer,
    new_id: str,
    config: dict[str, str],
    record: tuple[bytes, bytes | None],
    reason: str,
) -> None:
    topic, strict = f"beside-{next(numbers)}", f"strict-{next(numbers)}"
    create_topic(server.brokers, topic)
    create_topic(server.brokers, strict, 1, config)
    async with started(server.brokers, new_id) as client:
        await client.begin()
        *fine, error = await asyncio.gather(
            send(client, topic, b"beside it"),
            client.stamp(Mark(1, "never")),
            send(client, strict, *record),
            return_exceptions=True,
        )
        assert fine == [None, None]
        assert isinstance(error, BatchRefused)
        assert error.reason == reason
        assert sorted(error.named) == ([0] if reason == "invalid_record" else [])
        await refused(client.commit(), TransientError, "client_spoiled")
        await client.abort()
        await client.begin()
    assert await found(server.brokers, new_id) == Found(None, WEEK)
    assert await values(server.brokers, topic) == []


async def test_the_topic_for_marks_is_made_as_it_must_be(
    server: KafkaServer, topic: str, new_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordination, "UNKNOWN_FOR", 0.2)
    async with started(server.brokers, new_id) as client:
        await transact(client, topic, 1)
        await asyncio.to_thread(delete_topic, server.brokers, POSITIONS_TOPIC)
        error = await refused(transact(client, topic, 2), TransientError, "topic_missing")
        assert POSITIONS_TOPIC in str(error)
    await found(server.brokers, new_id)
    admin = AdminClient({"bootstrap.servers": server.brokers})
    described = await asyncio.to_thread(admin.list_topics, POSITIONS_TOPIC, 10)
    assert len(described.topics[POSITIONS_TOPIC].partitions) == 1
    asked = ConfigResource(ConfigResource.Type.TOPIC, POSITIONS_TOPIC)
    configs = admin.describe_configs([asked])[asked].result(10)
    assert configs["cleanup.policy"].value == "compact"


async def test_a_timeout_that_brokers_do_not_take(server: KafkaServer, new_id: str) -> None:
    client = client_of(server.brokers, new_id, 900_001)
    error = await refused(client.start(), FatalError, "transaction_timeout_refused")
    assert "transaction.max.timeout.ms" in (error.hint or "")


async def test_how_long_marks_are_kept_is_told(server: KafkaServer, new_id: str) -> None:
    async with started(server.brokers, new_id) as client:
        kafka = client._client  # noqa: SLF001 - nobody else knows the broker's number
        asked = ConfigResource(ConfigResource.Type.BROKER, str(kafka.get_random_node()))
        admin = AdminClient({"bootstrap.servers": server.brokers})
        configs = admin.describe_configs([asked])[asked].result(10)
        minutes = int(configs["offsets.retention.minutes"].value)
        assert (await client.found()).kept_for == minutes * 60


async def under_way(client: TransactionalClient, topic: str, step: str) -> list[asyncio.Task[None]]:
    """Bring a client to some point, and return what goes on."""
    if step in {"not started", "ready"}:
        return []
    await client.begin()
    if step == "begun":
        return []
    sending = asyncio.create_task(send(client, topic, b"under way"))
    stamping = asyncio.create_task(client.stamp(Mark(2, "under way")))
    if step == "just sent":
        await asyncio.sleep(0)
        return [sending, stamping]
    await asyncio.gather(sending, stamping)
    if step == "sent":
        return []
    ending = asyncio.create_task(client.commit() if step == "committing" else client.abort())
    await asyncio.sleep(0)
    return [ending]


STEPS = ["not started", "ready", "begun", "just sent", "sent", "committing", "aborting"]


@pytest.mark.parametrize("step", STEPS)
async def test_it_can_be_ended_at_any_time(
    server: KafkaServer, topic: str, new_id: str, step: str
) -> None:
    client = client_of(server.brokers, new_id)
    if step != "not started":
        await client.start()
        await transact(client, topic, 1)
    tasks = await under_way(client, topic, step)
    async with asyncio.timeout(3):
        await (client.end() if step == "just sent" else client.close())
        await asyncio.gather(*tasks, return_exceptions=True)
    mark = (await found(server.brokers, new_id)).mark
    there = await values(server.brokers, topic)
    if step == "not started":
        assert (mark, there) == (None, [])
    elif step == "committing" and mark == Mark(2, "under way"):
        assert there == [b"1", b"under way"]
    else:
        assert (mark, there) == (Mark(1, "token-1"), [b"1"])


async def test_the_broker_is_killed(server: KafkaServer, topic: str) -> None:
    """In the middle of transactions of two producers, of a commit, and while another is idle."""
    ids = {step: f"{step}-{next(numbers)}" for step in ("ready", "sent", "just sent", "committing")}
    clients = {step: client_of(server.brokers, known_as) for step, known_as in ids.items()}
    for client in clients.values():
        await client.start()
        await transact(client, topic, 1)
    tasks: dict[str, list[asyncio.Task[None]]] = {}
    for step, client in clients.items():
        tasks[step] = await under_way(client, topic, step)
    server.kill()
    try:
        sent = clients["sent"]
        committed = asyncio.create_task(sent.commit())
        await asyncio.sleep(0)
    finally:
        await asyncio.to_thread(server.start)
    outcome: dict[str, bool] = {}
    async with asyncio.timeout(20):
        outcome["ready"] = await succeeds(transact(clients["ready"], topic, 2))
        outcome["sent"] = await succeeds(committed)
        outcome["just sent"] = await succeeds(asyncio.gather(*tasks["just sent"]))
        for step in ("committing", "just sent"):
            await clients[step].abort()
        for client in clients.values():
            await client.end()
        outcome["committing"] = await succeeds(tasks["committing"][0])
    for step, known_as in ids.items():
        mark = (await found(server.brokers, known_as)).mark
        assert mark is not None
        if step == "just sent" or not outcome[step]:
            assert mark.number in ({1, 2} if step == "committing" else {1})
        else:
            assert mark.number == 2


async def succeeds(call: Awaitable[Any]) -> bool:
    """Whether it does; an error must be one of ours that passes."""
    try:
        await call
    except TransientError:
        return False
    return True


def await_stop(pid: int) -> None:
    """Wait until every thread of a process has stopped."""
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    while not all("T (stopped)" in (thread / "status").read_text() for thread in threads):
        pass


async def test_a_broker_that_is_silent_while_it_commits(
    server: KafkaServer, topic: str, new_id: str
) -> None:
    """What became of it is known only to the successor; nothing is asked a second time."""
    async with started(server.brokers, new_id, request_timeout_ms=1000) as client:
        await transact(client, topic, 1)
        await under_way(client, topic, "sent")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await asyncio.to_thread(await_stop, server.pid)
            await refused(client.commit(), TransientError, "kafka_timeout")
            await client.end()
        finally:
            os.kill(server.pid, signal.SIGCONT)
    mark = (await found(server.brokers, new_id)).mark
    there = await values(server.brokers, topic)
    assert mark in {Mark(1, "token-1"), Mark(2, "under way")}
    assert there == [b"1", b"under way"][: mark.number]


async def test_what_a_user_may_not_is_told_one_by_one(secured_kafka: SecuredKafka) -> None:
    """Each with the command that allows it."""
    known_as = f"limited-{next(numbers)}"
    topic = f"limited-topic-{next(numbers)}"
    create_topic(secured_kafka.brokers, topic)
    admin = secured_kafka.admin
    await asyncio.to_thread(admin.delete_topic, POSITIONS_TOPIC)  # of whoever came before

    async def allow(name: str, *operations: Any, **kind: Any) -> None:
        await asyncio.to_thread(admin.allow, LIMITED, name, *operations, **kind)

    async def tried(reason: str, command: str) -> None:
        error = await refused(once(), FatalError, reason)
        assert f"User:{LIMITED}" in (error.hint or "")
        assert command in (error.hint or "")

    async def once() -> None:
        options: dict[str, object] = {**login("SCRAM-SHA-512", LIMITED)}
        brokers = secured_kafka.at("SASL")
        async with started(brokers, known_as, 60_000, **options) as client:
            assert await client.found() == Found(None, WEEK)
            await transact(client, topic, 1)

    try:
        await tried("transactional_id_not_authorized", f"Describe --transactional-id {known_as}")
        await allow(known_as, WRITE, DESCRIBE, kind=TRANSACTIONAL_ID)
        await tried("positions_not_authorized", f"--operation Read --topic {POSITIONS_TOPIC}")
        await allow(POSITIONS_TOPIC, DESCRIBE)
        await tried("topic_creation_not_authorized", "--config cleanup.policy=compact")
        create_topic(secured_kafka.brokers, POSITIONS_TOPIC)
        await tried("group_not_authorized", f"--operation Read --group {known_as}")
        await allow(topic, WRITE)  # both are asked at once: one refusal at a time
        await allow(known_as, DESCRIBE, kind=GROUP)
        await tried("group_not_authorized", f"--operation Read --group {known_as}")
        await allow(known_as, READ, kind=GROUP)
        await asyncio.to_thread(admin.revoke, LIMITED, topic, WRITE)
        await tried("topic_not_authorized", f"Write --topic {topic}")
        await allow(topic, WRITE)
        await tried("positions_not_authorized", f"--operation Read --topic {POSITIONS_TOPIC}")
        await allow(POSITIONS_TOPIC, READ)
        await once()
    finally:
        await asyncio.to_thread(admin.delete_topic, POSITIONS_TOPIC)
        await asyncio.to_thread(admin.revoke, LIMITED, POSITIONS_TOPIC, DESCRIBE)
