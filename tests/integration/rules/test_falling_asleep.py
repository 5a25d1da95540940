"""A relay falls asleep in an order that misses nobody: LISTEN, flag, transaction id, polls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from pg_tide.postgres import Postgres
from pg_tide.wakeup import Sleeper, Wakeup
from tests.fixtures.memory_relay import a_lease
from tests.integration.rules.ear import Ear
from tests.integration.rules.stage import PASS_GATE, Gate, Stage, drain

FLAG = "select pg_sequence_last_value(wake_sequence) > 0 from tide.outbox where id = 1"
OF_ALL = "\n    from tide.outbox o where o.id = any (outbox_ids);\n"
ONE_BY_ONE = {
    "  perform setval(": "  for i in 1 .. cardinality(outbox_ids) loop\n  perform setval(",
    OF_ALL: f" from tide.outbox o where o.id = outbox_ids[i];\n {PASS_GATE} end loop;\n",
}
DRAW = "SELECT tide._draw_xid()::text"


async def nothing() -> None:
    """Nothing happens."""


class Watched(Wakeup):
    """Lets a test do something when the flag is about to be raised."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.postgres, stage.postgres.url, self._configured)
        self.stage = stage
        self.before_raise: Callable[[], Awaitable[None]] = nothing
        self._told = asyncio.Event()

    def _configured(self) -> None:
        self._told.set()

    async def caught_up(self) -> None:
        """Return when all that was said before has been heard."""
        self._told.clear()
        await self.stage.db.execute("notify tide_config, 'any'")
        await asyncio.wait_for(self._told.wait(), 10)

    async def _raise(self, outbox_ids: list[int]) -> bool:
        await self.before_raise()
        return await super()._raise(outbox_ids)


class DrawsFirst(Watched):
    """Draws the transaction id before the flag is raised."""

    async def ask(self, outbox_id: int, sleeper: Sleeper) -> int | None:
        drawn = await draw(self.stage.postgres)
        await super().ask(outbox_id, sleeper)
        return drawn


class ListensLast(Watched):
    """Raises the flag whether it listens yet or not."""

    async def ask(self, outbox_id: int, sleeper: Sleeper) -> int | None:
        self._listening = True
        return await super().ask(outbox_id, sleeper)


async def draw(postgres: Postgres) -> int:
    """Draw a transaction id in a transaction of its own."""
    async with postgres.transaction() as connection:
        return int(await connection.value(DRAW))


@contextlib.asynccontextmanager
async def listening(wakeup: Watched) -> AsyncIterator[None]:
    """Run a relay's ear, from when it listens."""
    running = asyncio.create_task(wakeup.run())
    await asyncio.wait_for(wakeup._told.wait(), 10)  # noqa: SLF001 - it says so when it listens
    yield
    running.cancel()
    await asyncio.wait({running})


async def over(stage: Stage, xid: int) -> bool:
    """Poll; whether everybody is over, as the poll saw it, who had a lower transaction id."""
    reader = await stage.reader()
    await drain(reader)
    return reader.snapshot_xmin > xid


async def missed(stage: Stage, kind: type[Watched]) -> bool:
    """Publish when the flag is about to be raised, and commit when the relay is asleep.

    Whether it falls asleep before, and nothing wakes it.
    """
    wakeup, publisher = kind(stage), await stage.connect()
    sleeper = Sleeper(wakeup, 1, a_lease())
    async with listening(wakeup):
        async with publisher.transaction():

            async def publish() -> None:
                await stage.publish(by=publisher)
                wakeup.before_raise = nothing

            wakeup.before_raise = publish
            drawn = await wakeup.ask(1, sleeper)
            assert drawn is not None
            asleep = await over(stage, drawn)
        await wakeup.caught_up()
        rung = sleeper.rung.is_set()
        await wakeup.dismiss(1, sleeper)
    return asleep and not rung


async def test_the_xid_is_drawn_after_the_flag_is_raised(own_stage: Stage) -> None:
    """Whoever did not see the flag had its id before it was raised.

    With an id drawn before that, a publisher in between is above it: the relay does not wait for
    it to be over.
    """
    assert not await missed(own_stage, Watched)
    assert await missed(own_stage, DrawsFirst)


async def raised_in_turn(stage: Stage, gate: Gate, *, at_once: bool) -> tuple[bool, list[str]]:
    """Publish to the second of two outboxes while its flag is still to be raised.

    Whether the relay falls asleep while the publisher is open, and what is then heard.
    """
    ear, publisher = await Ear().listen(stage), await stage.connect()
    async with publisher.transaction():
        async with stage.postgres.transaction() as relay:
            await gate.close()
            raising = asyncio.create_task(relay.value("select tide._raise_flags('{1, 2}', 30)"))
            await gate.reached()
            await publisher.execute("select tide.outbox_publish('returns', '1')")
            await gate.open()
            assert await raising
            drawn = int(await relay.value(DRAW)) if at_once else 0
        asleep = await over(stage, drawn or await draw(stage.postgres))
    return asleep, await ear.heard(stage)


async def test_the_xid_is_drawn_in_a_later_transaction(own_stage: Stage) -> None:
    """Raising a flag draws an id already, and only then changes the flag.

    A publisher may have a later id and still have seen no flag.
    """
    gate = Gate(await own_stage.connect())
    await own_stage.db.execute("select tide.outbox_create('returns')")
    await own_stage.simplify("_raise_flags", ONE_BY_ONE)
    assert await raised_in_turn(own_stage, gate, at_once=False) == (False, [])
    await own_stage.db.execute("select tide._lower_flags('{1, 2}')")
    assert await raised_in_turn(own_stage, gate, at_once=True) == (True, [])


async def unheard(stage: Stage, kind: type[Watched]) -> bool:
    """Go to sleep before listening, publish, then listen; whether nothing wakes the relay."""
    wakeup = kind(stage)
    sleeper = Sleeper(wakeup, 1, a_lease())
    drawn = await wakeup.ask(1, sleeper)
    asleep = drawn is not None and await over(stage, drawn)
    assert asleep == await stage.db.fetchval(FLAG)
    await stage.publish()
    async with listening(wakeup):
        await wakeup.caught_up()
        rung = sleeper.rung.is_set()
        await wakeup.dismiss(1, sleeper)
    return asleep and not rung


async def test_the_relay_listens_before_it_raises_the_flag(own_stage: Stage) -> None:
    """Otherwise a publisher that saw the flag speaks to nobody."""
    assert not await unheard(own_stage, Watched)
    assert await unheard(own_stage, ListensLast)


async def test_a_relay_that_wakes_up_wakes_those_that_sleep_beside_it(own_stage: Stage) -> None:
    """It lowers the flag of the outbox for all, whoever still sleeps."""
    first, second = Watched(own_stage), Watched(own_stage)
    leaving, staying = Sleeper(first, 1, a_lease()), Sleeper(second, 1, a_lease())
    async with listening(first), listening(second):
        assert await second.ask(1, staying) is not None
        assert await first.ask(1, leaving) is not None
        await first.dismiss(1, leaving)
        assert not await own_stage.db.fetchval(FLAG)
        await second.caught_up()
        assert staying.rung.is_set()
        await second.dismiss(1, staying)
        await first.caught_up()
        assert not leaving.rung.is_set()
