"""How long a pipeline waits between polls that bring nothing, and what ends its sleep."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pg_tide.errors import TransientError
from pg_tide.position import Snapshot
from pg_tide.postgres import Connection, Postgres
from pg_tide.wakeup import Sleeper, Wakeup
from pg_tide.wakeup import ear as module
from pg_tide.wakeup import look as looks
from pg_tide.wakeup.ear import FLAG
from pg_tide.wakeup.sleeper import AWAKE, LONGEST, LONGEST_GATHERING, SHORTEST
from tests.fixtures.memory_relay import a_lease

OUTBOX = 7
A_WHILE = 15.0  # seconds


def snapshot(xmin: int = 99) -> Snapshot:
    """Return one that shows all below."""
    return Snapshot(f"{xmin}:{xmin}:")


class Clock:
    """Time as a test tells it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bell:
    """Answers who asks with one transaction id, or with none."""

    def __init__(self, drawn: int | None = 50) -> None:
        self.drawn = drawn
        self.asking: set[Sleeper] = set()
        self.said: list[str] = []
        self.looked: list[str] = []

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

    async def look_often(self, sleeper: Sleeper) -> None:
        self.looked.append("often")
        await sleeper.rung.wait()

    async def look_seldom(self, sleeper: Sleeper) -> None:
        self.looked.append("seldom")
        await sleeper.rung.wait()


class Dozing(Sleeper):
    """Takes note of how long it would have waited; who waits for ever is rung after a while."""

    def __init__(self, bell: Bell) -> None:
        self.clock = Clock()
        self.naps: list[float] = []
        self.bell = bell
        super().__init__(bell, OUTBOX, a_lease(), self.clock)

    async def _wait(self, rung: Awaitable[object], seconds: float | None = None) -> None:
        self.naps.append(A_WHILE if seconds is None else seconds)
        if not self.rung.is_set():
            self.clock.now += self.naps[-1]
            if seconds is None:
                asyncio.get_running_loop().call_soon(self.rung.set)
        await super()._wait(rung, 0 if seconds is not None and not self.rung.is_set() else 5)

    async def idle(self, seconds: float, xmin: int = 1) -> list[float]:
        """Poll in vain for so long; the pauses in between."""
        self.naps, end = [], self.clock.now + seconds
        while self.clock.now < end:
            await self.pause(snapshot(xmin))
            self.clock.now += 0.0001
        return self.naps


@pytest.fixture
async def sleeper() -> Dozing:
    """Return a pipeline that had work just now."""
    dozing = Dozing(Bell())
    await dozing.work()
    return dozing


async def test_at_first_it_asks_to_be_woken_at_once() -> None:
    """A hundred that start together would poll thousands of times."""
    sleeper = Dozing(Bell())
    await sleeper.pause(snapshot())
    assert sleeper.bell.said == ["ask"]
    assert sleeper.naps == []


async def test_the_first_pause_is_the_shortest(sleeper: Dozing) -> None:
    await sleeper.pause(snapshot())
    assert sleeper.naps == [SHORTEST]


async def test_pauses_grow_and_are_short_while_it_polls_itself(sleeper: Dozing) -> None:
    naps = await sleeper.idle(AWAKE / 4)
    assert naps == sorted(naps)
    assert LONGEST / 2 < naps[-1] < LONGEST
    assert sleeper.bell.said == []
    assert sleeper.bell.looked == []


async def test_others_look_often_while_it_is_awake(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE - 0.01)
    assert sleeper.bell.looked == ["often"]
    assert sleeper.clock.now - 1000 == pytest.approx(AWAKE, abs=0.01)
    assert sleeper.bell.said == []


async def test_work_makes_pauses_short_again(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE / 2)
    await sleeper.work()
    assert (await sleeper.idle(0.001))[0] == SHORTEST


@pytest.mark.parametrize("messages", [0, 1, 5, 10])
async def test_after_few_messages_it_polls_again_at_once(sleeper: Dozing, messages: int) -> None:
    await sleeper.work(messages)
    assert sleeper.naps == []


async def test_the_more_a_poll_brought_the_longer_others_gather(sleeper: Dozing) -> None:
    for messages in (15, 20, 30):
        await sleeper.work(messages)
    assert sleeper.naps == sorted(set(sleeper.naps))
    assert sleeper.naps[0] >= SHORTEST
    await sleeper.work(5000)
    assert sleeper.naps[-1] == LONGEST_GATHERING
    sleeper.naps.clear()
    await sleeper.pause(snapshot())
    assert sleeper.naps == [SHORTEST], "it had work just now"


async def test_after_a_while_without_work_it_asks_to_be_woken(sleeper: Dozing) -> None:
    await sleeper.idle(AWAKE)
    assert sleeper.bell.said == []
    await sleeper.pause(snapshot())
    assert sleeper.bell.said == ["ask"]


async def asked(sleeper: Dozing) -> None:
    """Have it ask to be woken."""
    await sleeper.idle(AWAKE)
    await sleeper.pause(snapshot())
    assert sleeper.bell.said == ["ask"]
    sleeper.bell.looked.clear()


async def test_others_look_often_while_somebody_may_have_missed_the_flag(sleeper: Dozing) -> None:
    await asked(sleeper)
    assert await sleeper.idle(AWAKE - 0.01, xmin=50) == [AWAKE]
    assert sleeper.bell.looked == ["often"]


async def test_it_sleeps_when_all_of_those_are_over(sleeper: Dozing) -> None:
    await asked(sleeper)
    await sleeper.pause(snapshot(51))
    assert sleeper.bell.looked == ["seldom"]
    assert sleeper.done == snapshot(51)


async def test_it_sleeps_though_one_stays_open_for_long(sleeper: Dozing) -> None:
    await asked(sleeper)
    await sleeper.idle(AWAKE + 0.01, xmin=40)
    assert sleeper.bell.looked == ["often", "seldom"]


async def test_the_bell_ends_a_pause_at_once(sleeper: Dozing) -> None:
    await asked(sleeper)
    before = sleeper.clock.now
    sleeper.rung.set()
    await sleeper.pause(snapshot())
    assert sleeper.clock.now == before
    assert not sleeper.rung.is_set()


async def test_who_is_woken_for_nothing_asks_anew(sleeper: Dozing) -> None:
    await asked(sleeper)
    await sleeper.pause(snapshot())
    await sleeper.pause(snapshot())
    assert sleeper.bell.said == ["ask", "ask"]


async def test_who_has_work_needs_no_bell(sleeper: Dozing) -> None:
    """Publishers are told at once: in a busy system they must not notify."""
    await asked(sleeper)
    await sleeper.work()
    assert sleeper.bell.said == ["ask", "dismiss"]
    await sleeper.work()
    assert sleeper.bell.said == ["ask", "dismiss"]
    assert (await sleeper.idle(0.001))[0] == SHORTEST


async def test_who_leaves_needs_no_bell(sleeper: Dozing) -> None:
    await sleeper.leave()
    assert sleeper.bell.said == []
    await asked(sleeper)
    await sleeper.leave()
    assert sleeper.bell.said == ["ask", "dismiss"]


async def test_where_nobody_may_notify_others_look_often() -> None:
    sleeper = Dozing(Bell(drawn=None))
    await sleeper.idle(3 * A_WHILE)
    assert set(sleeper.bell.looked) == {"often"}


class FakePostgres(Postgres):
    """Answers the calls of a Wakeup, and keeps them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.raised = asyncio.Event()
        self.raises: list[list[int]] = []
        self.asked_for: list[tuple[Any, ...]] = []
        self.looked = asyncio.Event()
        self.snapshot = snapshot()
        self.work: set[int] = set()
        self.away = False

    async def rows(self, _: str, *values: Any) -> Any:
        if self.away:
            raise TransientError("away", reason="connection_lost")
        self.asked_for.append(values)
        self.looked.set()
        head = {"group_id": None, "snapshot": self.snapshot}
        return [head, *({"group_id": one} for one in self.work & set(values[0]))]

    async def value(self, sql: str, *values: Any) -> Any:
        name = sql.partition("tide.")[2].partition("(")[0]
        self.calls.append(name)
        if name == "_raise_flags":
            self.raised.set()
            self.raises.append(values[0])
            await asyncio.sleep(0)
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
        return Sleeper(self.wakeup, OUTBOX, a_lease(), self.clock)


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
    assert await deaf.ask(OUTBOX, Sleeper(deaf, OUTBOX, a_lease())) is None


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


async def test_those_that_ask_at_the_same_time_share_an_answer(office: Office) -> None:
    """A hundred pipelines that start together."""
    await office.listening()
    wakeup, outboxes = office.wakeup, range(100, 200)
    office.postgres.calls.clear()
    office.postgres.raises.clear()
    drawn = await asyncio.gather(*(wakeup.ask(n, office.sleeper()) for n in outboxes))
    assert drawn == [50] * 100
    assert office.postgres.calls.count("_draw_xid") <= 2
    assert list(outboxes) in office.postgres.raises


async def test_who_asks_while_a_flag_is_raised_is_answered_after_its_own(office: Office) -> None:
    """Its flag is raised after the others' was, and the transaction id drawn after that."""
    await office.listening()
    office.postgres.calls.clear()
    first = asyncio.create_task(office.wakeup.ask(1, office.sleeper()))
    while "_raise_flags" not in office.postgres.calls:  # noqa: ASYNC110 - it is told nobody
        await asyncio.sleep(0)
    await asyncio.gather(first, office.wakeup.ask(2, office.sleeper()))
    asked = [call for call in office.postgres.calls if call != "_lower_flags"]
    assert asked[-2:] == ["_raise_flags", "_draw_xid"]
    assert office.postgres.raises[-1] in ([2], [1, 2])
    assert office.postgres.calls.count("_draw_xid") == 2


class Looking:
    """A look, and those it looks for."""

    def __init__(self) -> None:
        self.postgres = FakePostgres()
        self.look = looks.Look(self.postgres, 0.001)
        self.waiting: dict[int, asyncio.Task[None]] = {}

    def wait(self, *groups: int) -> list[Sleeper]:
        """Have sleepers wait, each of a group on an outbox ten times its number."""
        made = []
        for group in groups:
            sleeper = Sleeper(Bell(), 10 * group, a_lease(group))
            self.waiting[group] = asyncio.create_task(self.look.wait(sleeper))
            made.append(sleeper)
        return made

    async def looks(self, times: int = 1) -> list[tuple[Any, ...]]:
        """Return what it asks for in some looks from now on."""
        self.postgres.asked_for.clear()
        while len(self.postgres.asked_for) < times:
            self.postgres.looked.clear()
            await asyncio.wait_for(self.postgres.looked.wait(), 5)
        return self.postgres.asked_for

    async def rung(self, group: int) -> None:
        await asyncio.wait_for(self.waiting.pop(group), 5)


@pytest.fixture
async def looking() -> AsyncIterator[Looking]:
    """Yield one that looks."""
    looking = Looking()
    running = asyncio.create_task(looking.look.run())
    yield looking
    running.cancel()
    for task in looking.waiting.values():
        task.cancel()
    await asyncio.wait({running, *looking.waiting.values()})


async def test_one_statement_looks_for_all(looking: Looking) -> None:
    sleepers = looking.wait(1, 2, 3)
    groups, epochs, outboxes, dones = (await looking.looks())[0]
    assert list(groups) == [1, 2, 3]
    assert list(epochs) == [one.epoch for one in sleepers]
    assert list(outboxes) == [10, 20, 30]
    assert dones == [one.done for one in sleepers]


async def test_many_are_looked_for_a_part_at_a_time(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction keeps what it locked, and PostgreSQL has room for so many locks."""
    monkeypatch.setattr(looks, "TOGETHER", 2)
    looking.wait(1, 2, 3)
    assert [list(values[0]) for values in (await looking.looks(2))[:2]] == [[1, 2], [3]]


async def test_who_has_work_is_rung_and_the_others_sleep_on(looking: Looking) -> None:
    looking.wait(1, 2, 3)
    await looking.looks()
    looking.postgres.work = {2}
    await looking.rung(2)
    assert list((await looking.looks(2))[-1][0]) == [1, 3]


async def test_what_was_looked_through_in_vain_is_not_looked_through_again(
    looking: Looking,
) -> None:
    looking.wait(1)
    assert (await looking.looks(3))[-1][3] == [looking.postgres.snapshot]


async def test_when_it_cannot_look_each_has_to_see_for_itself(looking: Looking) -> None:
    """Else an outage would be told by nobody."""
    looking.wait(1, 2)
    await looking.looks()
    looking.postgres.away = True
    await looking.rung(1)
    await looking.rung(2)


async def test_nobody_is_asked_while_nobody_waits(looking: Looking) -> None:
    looking.postgres.work = {1}
    looking.wait(1)
    await looking.rung(1)
    looking.postgres.asked_for.clear()
    await asyncio.sleep(0.02)
    assert looking.postgres.asked_for == []
    looking.wait(1)
    await looking.rung(1)
