"""A client that is begun ahead goes to whoever asks first, or is ended."""

import asyncio
from typing import Any, ClassVar

import pytest

from pg_tide.config import PipelineConfig
from pg_tide.errors import PgTideError, TransientError
from pg_tide.kafka import clients
from pg_tide.kafka.clients import Clients

AWAY = TransientError("it refuses connections", reason="connection_refused")


class FakeClient:
    """Takes note of what becomes of it; it starts when `gate` is open, or fails for `failure`."""

    made: ClassVar[list["FakeClient"]] = []
    gate: ClassVar[asyncio.Event]
    starting: ClassVar[asyncio.Event]
    failure: ClassVar[PgTideError | None] = None
    short_of_time = False

    def __init__(self, *_: object, expected: frozenset[str]) -> None:
        self.expected = expected
        self.ended = False
        self.made.append(self)

    async def start(self, seconds: float) -> None:
        del seconds
        self.starting.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended = True
            raise
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeClient]:
    """Return the clients that were made."""
    monkeypatch.setattr(clients, "KafkaClient", FakeClient)
    monkeypatch.setattr(FakeClient, "made", [])
    monkeypatch.setattr(FakeClient, "gate", asyncio.Event(), raising=False)
    monkeypatch.setattr(FakeClient, "starting", asyncio.Event(), raising=False)
    FakeClient.gate.set()
    return FakeClient.made


def clients_of(**options: Any) -> Clients:
    async def current() -> PipelineConfig:
        return PipelineConfig.parse({"brokers": "a:1", "topic": "t", **options})

    return Clients(current, topics=lambda config: frozenset({config.topic or ""}))


async def test_a_client_that_was_begun_is_had_once(made: list[FakeClient]) -> None:
    several = clients_of()
    several.begin()
    handed: list[object] = [await several.start(), await several.start()]
    assert handed == made
    await several.leave()
    assert [one.ended for one in made] == [False, False]
    assert [one.expected for one in made] == [{"t"}, {"t"}]


async def test_why_it_could_not_start_is_told_once(
    made: list[FakeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeClient, "failure", AWAY)
    several = clients_of()
    several.begin()
    with pytest.raises(TransientError) as caught:
        await several.start()
    assert caught.value is AWAY
    monkeypatch.setattr(FakeClient, "failure", None)
    another: object = await several.start()
    assert another is made[1]


@pytest.mark.parametrize("started", [True, False])
async def test_one_that_nobody_took_is_ended(made: list[FakeClient], *, started: bool) -> None:
    if not started:
        FakeClient.gate.clear()
    several = clients_of()
    several.begin()
    await FakeClient.starting.wait()
    waiting = asyncio.create_task(several.start())
    await asyncio.sleep(0)
    waiting.cancel()  # whatever it was wanted for is over
    await asyncio.wait({waiting})
    assert not started or waiting.cancelled()
    await several.leave()
    assert [one.ended for one in made] == [True]


async def test_nobody_hears_of_one_that_failed_and_was_not_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeClient, "failure", AWAY)
    several = clients_of()
    several.begin()
    await several.leave()
    await several.leave()


@pytest.mark.parametrize("option", [{"delivery": "exactly_once"}, {"dry_run": True}])
async def test_none_is_begun_where_another_kind_is_wanted(
    made: list[FakeClient], option: dict[str, object]
) -> None:
    """The end of a transaction that came before is for whoever has taken over, and no sooner."""
    several = clients_of(**option)
    several.begin()
    for _ in range(5):
        await asyncio.sleep(0)
    assert made == []
    await several.leave()
