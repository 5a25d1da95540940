"""How long a pipeline waits between polls that bring nothing, and what ends its sleep."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pg_tide import wakeup as module
from pg_tide.errors import TransientError
from pg_tide.postgres import Connection, Postgres
from pg_tide.wakeup import AWAKE, FLAG, LONGEST, NET, SHORTEST, Sleeper, Wakeup

OUTBOX = 7


class Clock:
    """Time as a test tells it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bell(Wakeup):
    """Answers who asks with one transaction id, or with none."""

    def __init__(self, drawn: int | None = 50) -> None:
        self.drawn = drawn
        self.asking: set[Sleeper] = set()
        self.said: list[str] = []

    async def ask(self, outbox_id: int, sleeper: Sleeper) -> int | None:
        assert outbox_id == OUTBOX
        self.asking.add(sleeper)
        self.said.append("ask")
        return self.drawn

    async def dismiss(self, outbox_id: int, sleeper: Sleeper) -> None:
        assert outbox_id == OUTBOX
        if sleeper in self.asking:
            self.asking.remove(sleeper)
            self.said.append("dismiss")


class Dozing(Sleeper):
    """Takes note of how long it would have waited."""

    def __init__(self, bell: Bell) -> None:
        self.clock = Clock()
        self.naps: list[float] = []
        self.bell = bell
        super().__init__(bell, OUTBOX, self.clock)

    async def _nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        is_rung = self.rung.is_set()
        self.clock.now += 0 if is_rung else seconds
        await super()._nap(5 if is_rung else 0)

    async def idle(self, seconds: float, xmin: int = 1) -> list[float]:
        """Poll in vain for so long; the pauses in between."""
        self.naps, end = [], self.clock.now + seconds
        while self.clock.now < end:
            await self.pause(xmin)
            self.clock.now += 0.0001
        return self.naps


@pytest.fixture
async def sleeper() -> Dozing:
    """Return a pipeline that had work just now."""
    return Dozing(Bell())


async def test_the_first_pause_is_the_shortest(sleeper: Dozing) -> None:
    await sleeper.pause(1)
    assert sleeper.naps == [SHORTEST]


async def test_pauses_grow_and_stay_short_while_awake(sleeper: Dozing) -> None:
    naps = await sleeper.idle(AWAKE - LONGEST)
    assert naps == sorted(naps)
    assert naps[-1] == LONGEST
    assert max(naps) <= LONGEST
    assert sleeper.bell.said == []


async def test_work_makes_pauses_short_again(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE / 2)
    await sleeper.work()
    assert (await sleeper.idle(0.001))[0] == SHORTEST


async def test_after_a_while_without_work_it_asks_to_be_woken(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE)
    assert sleeper.bell.said == []
    await sleeper.pause(1)
    assert sleeper.bell.said == ["ask"]


async def test_it_polls_often_while_somebody_may_have_missed_the_flag(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE)
    await sleeper.pause(40)
    assert set(await sleeper.idle(AWAKE - LONGEST, xmin=50)) == {LONGEST}


async def test_it_sleeps_when_all_of_those_are_over(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE)
    await sleeper.pause(40)
    assert await sleeper.idle(0.01, xmin=51) == [NET]


async def test_it_sleeps_though_one_stays_open_for_long(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE)
    await sleeper.pause(40)
    assert (await sleeper.idle(AWAKE + NET, xmin=40))[-1] == NET


async def test_asked_or_not_it_asks_only_once(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE + 3 * NET, xmin=99)
    assert sleeper.bell.said == ["ask"]


async def test_the_bell_ends_a_pause_at_once(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE + NET, xmin=99)
    before = sleeper.clock.now
    sleeper.rung.set()
    await sleeper.pause(99)
    assert sleeper.clock.now == before
    assert not sleeper.rung.is_set()


async def test_who_is_woken_for_nothing_asks_anew(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE + NET, xmin=99)
    sleeper.rung.set()
    await sleeper.pause(99)
    await sleeper.pause(99)
    assert sleeper.bell.said == ["ask", "ask"]


async def test_who_has_work_needs_no_bell(sleeper: Dozing) -> None:
    """Publishers are told at once: in a busy system they must not notify."""
    await sleeper.idle(AWAKE + NET, xmin=99)
    await sleeper.work()
    assert sleeper.bell.said == ["ask", "dismiss"]
    await sleeper.work()
    assert sleeper.bell.said == ["ask", "dismiss"]
    assert (await sleeper.idle(0.001))[0] == SHORTEST


async def test_who_leaves_needs_no_bell(sleeper: Dozing) -> None:
    await sleeper.leave()
    assert sleeper.bell.said == []
    await sleeper.idle(AWAKE + NET, xmin=99)
    await sleeper.leave()
    assert sleeper.bell.said == ["ask", "dismiss"]


async def test_where_nobody_may_notify_it_goes_on_polling() -> None:
    sleeper = Dozing(Bell(drawn=None))
    naps = await sleeper.idle(AWAKE + 3 * NET, xmin=99)
    assert max(naps) == LONGEST
    assert set(naps[-50:]) == {LONGEST}


class FakePostgres(Postgres):
    """Answers the calls of a Wakeup, and keeps them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.raised = asyncio.Event()

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, read_only: bool = False, lock_timeout: str | None = None
    ) -> AsyncIterator[Connection]:
        assert not read_only
        assert lock_timeout is None
        yield Connection(self)

    async def fetchval(self, sql: str, *_: Any) -> Any:
        name = sql.partition("tide.")[2].partition("(")[0]
        self.calls.append(name)
        if name == "_raise_flags":
            self.raised.set()
        return {"_raise_flags": True, "_draw_xid": "50"}.get(name)


class Line(Connection):
    """A connection that listens, or does not."""

    def __init__(self, *, deaf: bool) -> None:
        self.deaf = deaf
        self.closed = False
        self.heard: dict[str, Callable[[str], None]] = {}
        self.hang_up: Callable[[], None] = lambda: None

    async def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        if self.deaf:
            raise TransientError("a standby")
        self.heard[channel] = heard

    async def value(self, sql: str, *values: Any) -> Any:
        assert (sql, values) == ("SELECT 1", ())
        return 1

    def on_close(self, closed: Callable[[], None]) -> None:
        self.hang_up = closed

    async def close(self) -> None:
        self.closed = True


class Office:
    """A Wakeup that runs, with time and connections of the test's."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.postgres = FakePostgres()
        self.lines: list[Line] = []
        self.deaf = 0  # how many connections to come will not listen
        self.told = asyncio.Event()
        self.wakeup = Wakeup(self.postgres, "postgresql://", self.told.set)

    async def connect(self, url: str, *, application_name: str) -> Line:
        assert (url, application_name) == ("postgresql://", "pg-tide listen")
        self.deaf -= 1
        self.lines.append(Line(deaf=self.deaf >= 0))
        return self.lines[-1]

    async def listening(self) -> None:
        await asyncio.wait_for(self.told.wait(), 5)
        self.told.clear()

    async def renewed(self) -> None:
        """Return after a whole round of renewing."""
        for _ in range(2):
            self.postgres.raised.clear()
            await asyncio.wait_for(self.postgres.raised.wait(), 5)

    def sleeper(self) -> Sleeper:
        return Sleeper(self.wakeup, OUTBOX, self.clock)


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Yield one whose renewals follow each other at once."""
    office = Office()
    monkeypatch.setattr(module, "connect", office.connect)
    monkeypatch.setattr(module, "RENEW", 0.001)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=office.clock))
    running = asyncio.create_task(office.wakeup.run())
    yield office
    running.cancel()
    await asyncio.wait({running})
    assert all(line.closed for line in office.lines)


async def test_the_flag_is_raised_before_the_xid_is_drawn(office: Office) -> None:
    await office.listening()
    assert await office.wakeup.ask(OUTBOX, office.sleeper()) == 50
    assert office.postgres.calls[:2] == ["_raise_flags", "_draw_xid"]


async def test_who_does_not_listen_asks_nobody() -> None:
    deaf = Wakeup(FakePostgres(), "postgresql://", lambda: None)
    assert await deaf.ask(OUTBOX, Sleeper(deaf, OUTBOX)) is None


async def test_a_notification_wakes_those_of_its_outbox(office: Office) -> None:
    await office.listening()
    sleeper, other = office.sleeper(), office.sleeper()
    await office.wakeup.ask(OUTBOX, sleeper)
    await office.wakeup.ask(OUTBOX + 1, other)
    office.lines[0].heard["tide_wake"](str(OUTBOX))
    assert sleeper.rung.is_set()
    assert not other.rung.is_set()
    office.lines[0].heard["tide_wake"]("99")


async def test_a_flag_is_renewed_in_time(office: Office) -> None:
    await office.listening()
    sleeper = office.sleeper()
    await office.wakeup.ask(OUTBOX, sleeper)
    for _ in range(5):
        office.clock.now += FLAG - 1
        await office.renewed()
    assert not sleeper.rung.is_set()


async def test_a_renewal_after_the_flag_expired_is_a_new_raise(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishers did not notify in between: whoever sleeps has to look, and to ask anew.

    Only raised again, the flag says nothing to those who sleep over what they missed.
    """
    await office.listening()
    sleeper = office.sleeper()
    await office.wakeup.ask(OUTBOX, sleeper)
    office.clock.now += FLAG + 1
    await asyncio.wait_for(sleeper.rung.wait(), 5)
    await office.renewed()

    monkeypatch.setattr(Wakeup, "_ring_expired", lambda _: None)
    sleeper.rung.clear()
    office.clock.now += FLAG + 1
    await office.renewed()
    assert not sleeper.rung.is_set()


async def test_the_last_one_awake_lowers_the_flag(office: Office) -> None:
    await office.listening()
    first, second = office.sleeper(), office.sleeper()
    for sleeper in (first, second):
        await office.wakeup.ask(OUTBOX, sleeper)
    await office.wakeup.dismiss(OUTBOX, first)
    assert "_lower_flags" not in office.postgres.calls
    await office.wakeup.dismiss(OUTBOX, second)
    assert office.postgres.calls[-1] == "_lower_flags"
    await office.wakeup.dismiss(OUTBOX, second)
    assert office.postgres.calls.count("_lower_flags") == 1


async def test_a_lost_connection_wakes_everybody(office: Office) -> None:
    await office.listening()
    sleeper = office.sleeper()
    await office.wakeup.ask(OUTBOX, sleeper)
    office.lines[0].hang_up()
    await asyncio.wait_for(sleeper.rung.wait(), 5)
    await office.listening()
    assert [line.closed for line in office.lines] == [True, False]


async def test_a_connection_that_cannot_listen_is_closed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby takes connections; tried again and again, they must not pile up."""
    await office.listening()
    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _: sleep(0))
    office.deaf = 2
    office.lines[0].hang_up()
    await office.listening()
    assert [line.closed for line in office.lines] == [True, True, True, False]


async def test_a_changed_configuration_is_told(office: Office) -> None:
    await office.listening()
    office.lines[0].heard["tide_config"]("any")
    await office.listening()
