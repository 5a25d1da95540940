"""Between a take-over and the first transaction: each step in its order, no client left behind."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from pg_tide import recovery
from pg_tide.errors import FatalError, LeaseLost, TransientError
from pg_tide.intent import Confirmed, Found, Identity, Intent, Mark
from pg_tide.metrics import Meter, Metrics
from pg_tide.position import Lease, Position
from pg_tide.recovery import Ready, Recovery
from tests.fixtures.messages import a_config

INSTALLATION = UUID(int=1)
POSITION: Any = Position
HERE = Identity(f"pg-tide-{INSTALLATION}-7", ("kafka:9092",))
BEFORE = Identity("another", ("elsewhere:9092",))
AWAY = TransientError("away", reason="kafka_unreachable")


class Told:
    """What the log was told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **words: Any) -> None:
        self.lines.append((event, words))

    warning = info


class Stage:
    """A Kafka and a PostgreSQL that do as told, and remember what was done, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.found: dict[Identity, Found] = {}
        self.failing: dict[str, Exception] = {}
        self.told = Told()
        self.metrics = Metrics()
        monkeypatch.setattr(recovery, "settle", self.settle)
        monkeypatch.setattr(recovery, "prove", self.prove)

    def do(self, what: str) -> None:
        if what in self.failing:
            raise self.failing[what]
        self.done.append(what)

    async def start(self, identity: Identity, timeout_ms: int) -> "Client":
        assert timeout_ms == 60_000
        self.do(f"start {identity.transactional_id}")
        return Client(self, identity)

    async def settle(self, postgres: Any, lease: Lease, up_to: int) -> Lease:
        assert postgres is self
        self.do(f"settle {up_to}")
        return lease_of(confirmed=Confirmed(up_to, lease.kept[0].token, lease.kept[0].identity))

    async def prove(self, postgres: Any, lease: Lease) -> None:
        assert postgres is self
        self.do(f"prove {lease.group_id}")

    async def run(self, lease: Lease, **options: Any) -> Ready:
        config = a_config(**{"delivery": "exactly_once", "brokers": "kafka:9092", **options})
        meter = Meter(self.metrics, "p", "orders")
        postgres: Any = self
        return await Recovery(postgres, self.start, config, meter, self.told).run(lease)

    @property
    def left(self) -> int:
        """How many clients were not ended."""
        started = sum(one.startswith("start") for one in self.done)
        return started - sum(one.startswith("close") for one in self.done)


class Client:
    """One that was started."""

    def __init__(self, stage: Stage, identity: Identity) -> None:
        self.stage = stage
        self.identity = identity

    async def found(self) -> Found:
        self.stage.do(f"read {self.identity.transactional_id}")
        return self.stage.found.get(self.identity, Found(None, 1000.0))

    async def close(self) -> None:
        self.stage.done.append(f"close {self.identity.transactional_id}")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def lease_of(kept: tuple[Intent, ...] = (), confirmed: Confirmed = Confirmed()) -> Lease:  # noqa: B008 - it is a value
    position = Position(*("3:3:", None, 0))  # type: ignore[arg-type]
    return Lease(
        7,
        uuid4(),
        "(0,1)",
        position,
        installation=INSTALLATION,
        kept=kept,
        confirmed=confirmed,
    )


def intents(identity: Identity, *numbers: int) -> tuple[Intent, ...]:
    return tuple(Intent(number, UUID(int=number), identity) for number in numbers)


def committed(number: int) -> Found:
    return Found(Mark(number, str(UUID(int=number))), 1000.0)


async def test_with_nothing_kept_the_client_is_started_and_read(stage: Stage) -> None:
    stage.found[HERE] = Found(None, 1234.0)
    ready = await stage.run(lease_of(confirmed=Confirmed(5, UUID(int=5), HERE)))
    assert stage.done == [
        f"start {HERE.transactional_id}",
        f"read {HERE.transactional_id}",
        "prove 7",
    ]
    assert (ready.identity, ready.number, ready.kept_for) == (HERE, 5, 1234.0)
    assert ready.mark == Mark(5, str(UUID(int=5)))
    assert stage.left == 1
    client = await ready.take_client()
    await ready.end()
    assert stage.left == 1, "whoever took it ends it"
    await client.close()


async def test_what_is_kept_is_settled_by_the_client_that_goes_on(stage: Stage) -> None:
    stage.found[HERE] = committed(6)
    ready = await stage.run(lease_of(intents(HERE, 6, 7)))
    assert stage.done == [
        f"start {HERE.transactional_id}",
        f"read {HERE.transactional_id}",
        "settle 6",
        "prove 7",
    ]
    assert ready.number == 7
    assert ready.mark == Mark(6, str(UUID(int=6)))
    assert [words["outcome"] for _, words in stage.told.lines] == ["committed", "not committed"]
    await ready.end()
    assert stage.left == 0


async def test_another_identity_is_ended_before_the_configured_one_starts(stage: Stage) -> None:
    stage.found[BEFORE] = committed(6)
    ready = await stage.run(lease_of(intents(BEFORE, 6)))
    assert stage.done == [
        *("start another", "read another", "settle 6", "close another"),
        *(f"start {HERE.transactional_id}", f"read {HERE.transactional_id}", "prove 7"),
    ]
    assert stage.left == 1
    await ready.end()


async def test_a_pipeline_that_needs_no_transactions_any_more_leaves_no_client(
    stage: Stage,
) -> None:
    stage.found[BEFORE] = committed(6)
    ready = await stage.run(lease_of(intents(BEFORE, 6)), delivery="at_least_once")
    assert stage.done == ["start another", "read another", "settle 6", "close another"]
    assert (ready.identity, ready.client) == (None, None)


async def test_neither_does_one_that_never_did(stage: Stage) -> None:
    ready = await stage.run(lease_of(), delivery="at_least_once")
    assert (stage.done, ready.identity) == ([], None)
    await stage.run(lease_of(), dry_run=True)
    assert stage.done == []


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("start another", AWAY),
        ("read another", AWAY),
        ("settle 6", LeaseLost("gone")),
        (f"start {HERE.transactional_id}", AWAY),
        (f"read {HERE.transactional_id}", asyncio.CancelledError()),
    ],
)
async def test_whatever_fails_no_client_is_left(stage: Stage, step: str, error: Exception) -> None:
    stage.found[BEFORE] = committed(6)
    stage.failing[step] = error
    with pytest.raises(type(error)):
        await stage.run(lease_of(intents(BEFORE, 6)))
    assert stage.left == 0
    assert step not in stage.done


async def test_what_only_an_operator_knows_is_settled_by_nobody(stage: Stage) -> None:
    old = Intent(6, UUID(int=6), HERE, age=900.0)
    with pytest.raises(FatalError) as raised:
        await stage.run(lease_of((old,)))
    assert raised.value.reason == "transaction_unknown"
    assert not [one for one in stage.done if one.startswith("settle")]
    assert stage.left == 0


async def test_transactions_that_postgres_forgot_are_told(stage: Stage) -> None:
    stage.found[HERE] = committed(9)
    ready = await stage.run(lease_of(confirmed=Confirmed(5, UUID(int=5), HERE)))
    assert ready.number == 9
    assert [words["transactions"] for _, words in stage.told.lines] == [4]
    assert b"pg_tide_transactions_forgotten_total" in stage.metrics.text()
    assert b" 4.0" in stage.metrics.text()
    await ready.end()


async def test_a_relay_that_lost_the_pipeline_says_nothing_and_ends_its_producer(
    stage: Stage,
) -> None:
    """It is the one that fences: its own mark would not be refused."""
    stage.found[HERE] = committed(9)
    stage.failing["prove 7"] = LeaseLost("another relay has it")
    with pytest.raises(LeaseLost):
        await stage.run(lease_of(confirmed=Confirmed(6, UUID(int=6), HERE)))
    assert not stage.told.lines
    assert stage.left == 0


async def test_it_does_not_ask_an_operator_of_what_is_another_relays(stage: Stage) -> None:
    stage.found[HERE] = Found(None, 0.0)
    with pytest.raises(FatalError) as unknown:
        await stage.run(lease_of(intents(HERE, 6)))
    assert unknown.value.reason == "transaction_unknown"
    stage.failing["prove 7"] = LeaseLost("another relay has it")
    with pytest.raises(LeaseLost):
        await stage.run(lease_of(intents(HERE, 6)))
    assert stage.left == 0
