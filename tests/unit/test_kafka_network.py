"""Each broker is tried again in its own time, and what keeps it away is known."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any, ClassVar

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.conn import AIOKafkaConnection  # type: ignore[import-untyped]
from aiokafka.errors import NodeNotReadyError  # type: ignore[import-untyped]
from aiokafka.protocol.metadata import (  # type: ignore[import-untyped]
    MetadataRequest,
    MetadataResponse_v0,
)
from aiokafka.structs import BrokerMetadata  # type: ignore[import-untyped]

from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka import KafkaClient, Settings, client, clients, network, patience
from pg_tide.kafka.connection import Address, Connection, Protection
from pg_tide.kafka.dial import Dialer
from pg_tide.kafka.network import Network, cut_short, together

REFUSED = TransientError("it refuses connections", reason="connection_refused")
SILENT = TransientError("it does not answer", reason="kafka_timeout")
NOT_LET_IN = FatalError("it refuses the login", reason="login_refused")
SETTINGS = Settings(
    brokers=("a:9092",),
    client_id="test",
    acks="all",
    idempotent=True,
    compression=None,
    max_request_size=1_000_000,
    request_timeout_ms=30_000,
    metadata_max_age_ms=60_000,
    reconnect_backoff_max_ms=2_000,
)


class FakeConnection:
    """A connection that is well until it is closed."""

    def __init__(self) -> None:
        self.due = False
        self.postponed = 0
        self.closed = False
        self.aborted = False

    def connected(self) -> bool:
        return not self.closed

    def close(self, **_: object) -> asyncio.Future[None]:
        self.closed = True
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def abort(self) -> None:
        self.closed = self.aborted = True

    def postpone(self) -> None:
        self.postponed += 1
        self.due = False


class FakeDialer:
    """Connects, unless there is a failure; keeps how long it was given each time."""

    def __init__(self) -> None:
        self.failure: PgTideError | None = None
        self.patience: list[float] = []
        self.moved_to: tuple[str, int] | None = None
        self.looked: list[tuple[str, int, set[str]]] = []
        self.made: list[FakeConnection] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def connect(self, host: str, port: int, seconds: float, on_close: Any) -> FakeConnection:
        del host, port, on_close
        self.patience.append(seconds)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.made.append(FakeConnection())
        return self.made[-1]

    async def bootstrap(
        self, host: str, port: int, seconds: float, topics: Iterable[str] = ()
    ) -> tuple[FakeConnection, Any]:
        del seconds
        self.looked.append((host, port, set(topics)))
        if self.moved_to is None:
            raise REFUSED
        return FakeConnection(), MetadataResponse_v0([(1, *self.moved_to)], [])


class Clock:
    """A clock that stands still until it is moved."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the network."""
    found = Clock()
    monkeypatch.setattr(network, "time", found)
    monkeypatch.setattr(patience, "time", found)
    return found


@pytest.fixture
def dialer() -> FakeDialer:
    """Return what the network connects with."""
    return FakeDialer()


@pytest.fixture
async def brokers(dialer: FakeDialer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    """Yield a network of two brokers."""
    made = Network(SETTINGS)
    made.dialer = dialer  # type: ignore[assignment]
    known = {node: BrokerMetadata(node, f"broker{node}", 9092, None) for node in (1, 2)}
    monkeypatch.setattr(made.cluster, "broker_metadata", known.get)
    yield made
    await made.close()


async def test_a_connection_is_made_once(brokers: Network, dialer: FakeDialer) -> None:
    assert await asyncio.gather(*(brokers.ready(1) for _ in range(5))) == [True] * 5
    assert len(dialer.made) == 1


async def test_brokers_do_not_wait_for_each_other(brokers: Network, dialer: FakeDialer) -> None:
    dialer.gate.clear()
    first = asyncio.create_task(brokers.ready(1))
    second = asyncio.create_task(brokers.ready(2))
    await asyncio.sleep(0)
    assert len(dialer.patience) == 2
    dialer.gate.set()
    assert await first
    assert await second


async def test_waits_grow_up_to_the_most_and_begin_anew(
    brokers: Network, dialer: FakeDialer, clock: Clock
) -> None:
    dialer.failure = REFUSED
    waits: list[float] = []
    last = clock.now
    while len(waits) < 12:
        before = len(dialer.patience)
        assert not await brokers.ready(1)
        if len(dialer.patience) > before:
            waits.append(clock.now - last)
            last = clock.now
        clock.now += 0.01
    assert waits[0] == 0
    assert 0.02 <= waits[1] <= 0.07
    assert 0.9 <= waits[-1] <= 2.02
    assert waits[2] < waits[4] < waits[6]
    assert await brokers.ready(2) is False, "another broker has waits of its own"
    assert brokers.trouble is REFUSED

    dialer.failure = None
    clock.now += 2
    assert await brokers.ready(1)
    assert await brokers.ready(2)
    assert brokers.trouble is None
    dialer.made[0].close()
    dialer.failure = REFUSED
    assert not await brokers.ready(1)
    clock.now += 0.05
    dialer.failure = None
    assert await brokers.ready(1)


async def test_a_silent_broker_gets_more_time(
    brokers: Network, dialer: FakeDialer, clock: Clock
) -> None:
    dialer.failure = SILENT
    for _ in range(6):
        await brokers.ready(1)
        clock.now += 3
    assert dialer.patience == [4, 8, 16, 30, 30, 30]


async def test_a_connection_whose_login_ends_is_replaced(
    brokers: Network, dialer: FakeDialer
) -> None:
    await brokers.ready(1)
    (old,) = dialer.made
    old.due = True
    assert await brokers.ready(1)
    assert old.closed
    assert not dialer.made[1].closed


async def test_it_is_kept_while_there_is_no_other(brokers: Network, dialer: FakeDialer) -> None:
    await brokers.ready(1)
    (old,) = dialer.made
    old.due, dialer.failure = True, NOT_LET_IN
    assert await brokers.ready(1)
    assert not old.closed
    assert old.postponed == 1
    assert brokers.trouble is None


async def test_a_request_that_only_a_person_can_help_fails_once(
    brokers: Network, dialer: FakeDialer
) -> None:
    """Once ends the sender; the next ones nobody would ever look at."""
    dialer.failure = NOT_LET_IN
    with pytest.raises(FatalError) as caught:
        await brokers.send(1, object())
    assert caught.value is NOT_LET_IN
    with pytest.raises(NodeNotReadyError):
        await brokers.send(1, object())


async def test_a_request_to_a_broker_that_may_come_back_is_for_aiokafka_to_try_again(
    brokers: Network, dialer: FakeDialer
) -> None:
    dialer.failure = REFUSED
    with pytest.raises(NodeNotReadyError):
        await brokers.send(1, object())


async def test_a_broker_that_nobody_knows(brokers: Network) -> None:
    assert not await brokers.ready(3)


def test_of_several_errors_the_one_that_a_person_must_see_is_told_with_the_others() -> None:
    found = together([TransientError("a is away"), FatalError("b refuses"), TransientError("c")])
    assert isinstance(found, FatalError)
    assert str(found) == found.message == "b refuses; a is away; c"


async def test_no_topic_comes_into_being_by_being_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []

    def take(_: object, request: Any, expect_response: bool) -> None:
        del expect_response
        sent.append(request.prepare({MetadataRequest.API_KEY: (0, 5)}))

    monkeypatch.setattr(AIOKafkaConnection, "send", take)
    connection = Connection(Address("a", 1), Protection(), "test", 1.0)
    connection.send(MetadataRequest(["t"]))
    assert sent[0].allow_auto_topic_creation is False
    connection.send(MetadataRequest(None))
    assert sent[1].topics == [], "of all topics there are, none is asked for"


async def test_who_has_ended_connects_to_nobody(brokers: Network, dialer: FakeDialer) -> None:
    """Else aiokafka would send what was under way once more, when nobody expects it."""
    await brokers.ready(1)
    dialer.gate.clear()
    dialing = asyncio.create_task(brokers.ready(2))
    waiting = asyncio.create_task(brokers.ready(2))
    await asyncio.sleep(0)
    brokers.end()
    assert dialer.made[0].aborted
    async with asyncio.timeout(5):
        assert not any(await asyncio.gather(dialing, waiting))
    dialer.gate.set()
    assert not await brokers.ready(1)
    assert not await brokers.ready(2)
    assert len(dialer.patience) == 2
    assert len(dialer.made) == 1


async def test_a_connection_that_comes_too_late_is_closed(
    brokers: Network, dialer: FakeDialer
) -> None:
    dialer.gate.clear()
    dialing = asyncio.create_task(brokers.ready(1))
    await asyncio.sleep(0)
    dialer.gate.set()  # it is connected, and goes on after the end
    brokers.end()
    assert not await dialing
    assert all(one.aborted for one in dialer.made)


async def test_a_cancelled_dial_is_cancelled(brokers: Network, dialer: FakeDialer) -> None:
    dialer.gate.clear()
    dialing = asyncio.create_task(brokers.ready(1))
    await asyncio.sleep(0)
    dialing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialing


async def seconds(waited_for: Awaitable[bool]) -> float:
    """How long a look for the brokers of partitions takes that finds none."""
    began = time.monotonic()
    assert not await waited_for
    return time.monotonic() - began


async def test_the_same_is_not_asked_again_at_once(brokers: Network, dialer: FakeDialer) -> None:
    """A sender without a leader asks without ever waiting; a new topic is asked for at once."""
    dialer.moved_to, dialer.failure = ("a", 9092), REFUSED
    await brokers.bootstrap()
    await seconds(brokers.force_metadata_update())
    assert await seconds(brokers.force_metadata_update()) > network.REFRESH / 2
    assert await seconds(brokers.add_topic("t")) < network.REFRESH / 2
    assert len(dialer.looked) == 1, "who was asked in vain just now is not looked for"


async def test_brokers_that_all_moved_are_found_by_the_configuration(
    brokers: Network, dialer: FakeDialer, clock: Clock
) -> None:
    dialer.moved_to, dialer.failure = ("before", 9092), REFUSED
    await brokers.bootstrap()
    dialer.moved_to = None
    assert not await brokers.add_topic("t")
    assert isinstance(brokers.trouble, TransientError)
    dialer.moved_to, dialer.failure = ("after", 9092), None
    assert not await brokers.force_metadata_update()
    assert dialer.looked == [("a", 9092, set()), ("a", 9092, {"t"})], "only now and then"
    clock.now += network.LOOK_AGAIN
    dialer.failure = REFUSED
    assert await brokers.force_metadata_update()
    assert [one.host for one in brokers.cluster.brokers()] == ["after"]
    dialer.failure = None
    assert await brokers.ready(1), "the wait was for the broker where it had been"


async def test_who_has_long_to_start_waits_long_for_a_broker(
    brokers: Network, dialer: FakeDialer
) -> None:
    brokers.begin(20)
    await brokers.ready(1)
    assert dialer.patience == [10]


async def test_a_reason_that_was_told_is_told_though_another_broker_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever of them is asked first, which is up to chance."""
    answers = iter([NOT_LET_IN])

    async def bootstrap(*_: object) -> None:
        if error := next(answers, None):
            raise error
        await asyncio.Event().wait()

    monkeypatch.setattr(Dialer, "bootstrap", bootstrap)
    monkeypatch.setattr(Network, "hosts", [("a", 1, 0), ("b", 1, 0)])
    one = KafkaClient(SETTINGS)
    with pytest.raises(FatalError) as caught:
        await one.start(0.05)
    assert caught.value is NOT_LET_IN
    assert one.short_of_time


class Broken(Network):
    """Connections that a refused login ended."""

    def __init__(self, settings: Settings, expected: frozenset[str]) -> None:
        super().__init__(settings, expected)
        self.broken = NOT_LET_IN


@pytest.mark.parametrize(
    ("kind", "reason"), [(Network, "client_spoiled"), (Broken, "login_refused")]
)
async def test_what_broke_a_client_is_told_and_not_that_it_is_broken(
    monkeypatch: pytest.MonkeyPatch, kind: type[Network], reason: str
) -> None:
    async def send_batch(*_: object, **__: object) -> None:
        raise AssertionError("a producer that failed is not to be used")

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", send_batch)
    monkeypatch.setattr(client, "Network", kind)
    spoiled = KafkaClient(SETTINGS)
    with pytest.raises(PgTideError) as caught:
        await spoiled.send(object(), "t", 0)
    assert caught.value.reason == reason
    await spoiled.end()


async def test_the_end_of_a_client_is_that_of_its_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(Network, "end", lambda _: ended.append("once"))
    await KafkaClient(SETTINGS).end()
    assert ended == ["once"]


async def test_who_is_cancelled_while_a_client_ends_is_cancelled() -> None:
    ending = asyncio.Event()

    async def update() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await asyncio.sleep(0.01)

    one = KafkaClient(SETTINGS)
    one._client._sync_task = asyncio.create_task(update())  # noqa: SLF001 - as bootstrap makes one
    await asyncio.sleep(0)
    ended = asyncio.create_task(one.end())
    await ending.wait()
    ended.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ended


async def cut_short_while_its_time_is_up() -> None:
    async with asyncio.timeout(0) as expiring:
        try:
            await asyncio.Event().wait()
        finally:
            cut_short([expiring])


async def test_a_wait_whose_time_is_up_at_this_moment_is_no_trouble() -> None:
    with pytest.raises(TimeoutError):
        await cut_short_while_its_time_is_up()


class SlowClient:
    """A client whose start fails, for one broker's sake, while another is silent."""

    given: ClassVar[list[float]] = []
    short_of_time = True

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def start(self, seconds: float) -> None:
        self.given.append(seconds)
        raise REFUSED


async def test_the_next_client_has_more_time_where_a_broker_was_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def current() -> PipelineConfig:
        config = {"brokers": "a:1", "topic": "t", "request_timeout_ms": 10_000}
        return PipelineConfig.parse(config)

    monkeypatch.setattr(clients, "KafkaClient", SlowClient)
    monkeypatch.setattr(SlowClient, "given", [])
    started = clients.Clients(current)
    for short in (True, True, False, False):
        SlowClient.short_of_time = short
        with pytest.raises(TransientError):
            await started.start()
    assert SlowClient.given == [4, 8, 10, 10]
