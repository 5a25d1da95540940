"""Relays: killed, told to stop, frozen and woken, joined by another, dead at a point."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator

from tests.chaos.fault import Fault
from tests.chaos.stage import SHUTDOWN, Stage
from tests.fixtures.kill_points import POINTS, Deed
from tests.fixtures.relay_process import until

STOPS = 3.0 * SHUTDOWN  # seconds
TAKEN_OVER = 20.0  # seconds until somebody else has what a frozen one had
REACHED = 20.0  # seconds
INSIDE = ("sent", "inside the transaction", "stamped", "before commit", "during commit")


async def _kill(stage: Stage, chance: random.Random) -> str:
    relay = chance.choice(stage.relays)
    relay.kill()
    return relay.log.stem


async def _stop(stage: Stage, chance: random.Random) -> str:
    relay = chance.choice(stage.relays)
    await relay.stop(STOPS)
    return relay.log.stem


async def _stop_all(stage: Stage, chance: random.Random) -> None:
    del chance
    await asyncio.gather(*(relay.stop(STOPS) for relay in stage.relays))


async def _freeze(stage: Stage, chance: random.Random) -> str:
    """Freeze the one that runs most until others have what it had, and wake it up."""
    further, held = chance.uniform(0, 2), [await stage.held_by(each) for each in stage.relays]
    relay = stage.relays[held.index(max(held))]
    if not relay.send(signal.SIGSTOP):
        return "there was none"
    began = time.monotonic()
    try:
        with contextlib.suppress(AssertionError):  # the log shows how long it took
            await until(lambda: stage.holds_nothing(relay), TAKEN_OVER)
        took = time.monotonic() - began
        await asyncio.sleep(further)
    finally:
        relay.send(signal.SIGCONT)
    return f"{relay.log.stem}, which ran {max(held)}, taken over after {took:.1f} s"


async def _join(stage: Stage, chance: random.Random) -> str:
    """Another relay joins, and leaves again."""
    async with stage.guest as guest:
        await asyncio.sleep(chance.uniform(0.5, 4))
        held = await stage.held_by(guest)
        guest.down()
        await guest.stop(STOPS)
    return f"it ran {held}"


async def _die_at_a_point(stage: Stage, chance: random.Random) -> str:
    """Have nobody run but one that dies at a point; and others after it, as often as not."""
    there = {each.delivery for each in stage.pipelines}
    usual = [n for n, p in POINTS.items() if p.trigger is None and there & set(p.deliveries)]
    points = chance.choices(usual, k=chance.choice((1, 2)))
    async with alone(stage):
        died = [point for point in points if await stage.relays[0].die_at(point, REACHED)]
    missed = [f"{point}: it did not come there" for point in points if point not in died]
    return ", ".join([*died, *missed])


@contextlib.asynccontextmanager
async def alone(stage: Stage) -> AsyncIterator[None]:
    """No relay is started while the block runs, but by it; those that ran have stopped."""
    for relay in stage.relays:
        relay.down()
    try:
        await asyncio.gather(*(relay.stop(STOPS) for relay in stage.relays))
        yield
    finally:
        for relay in stage.relays:
            relay.up()


async def _freeze_inside(stage: Stage, chance: random.Random) -> str:
    """Freeze one inside a transaction, for longer than that may take; others go on meanwhile.

    Or nobody does: it wakes to a transaction that brokers have aborted.
    """
    point, alone_for = chance.choice(INSIDE), chance.choice((0.0, 7.0))
    relay, other = stage.relays
    async with alone(stage):
        if not await relay.freeze_at(point, REACHED):
            return f"{point}: it did not come there"
        try:
            if alone_for:
                await asyncio.sleep(alone_for)
                return f"{point}, for {alone_for:g} s, alone"
            other.up()
            began = time.monotonic()
            with contextlib.suppress(AssertionError):
                await until(lambda: stage.holds_nothing(relay), TAKEN_OVER)
            return f"{point}, taken over after {time.monotonic() - began:.1f} s"
        finally:
            relay.send(signal.SIGCONT)


async def _kill_broker_inside(stage: Stage, chance: random.Random) -> str:
    """Kill the broker at a point of a transaction, or a few milliseconds after it."""
    point, delay = chance.choice(INSIDE), chance.choice((0.0, 0.0, chance.uniform(0, 0.02)))
    async with alone(stage), stage.place("kafka's server"):
        deed = Deed("KILL", stage.kafka.server.pid, delay)
        came = await stage.relays[0].kill_at(point, deed, REACHED)
        await asyncio.sleep(chance.uniform(0, 1))
        await asyncio.to_thread(stage.kafka.server.kill)
        await asyncio.to_thread(stage.kafka.server.start)
    return f"{point}, after {delay * 1000:.0f} ms" if came else f"{point}: it did not come there"


RELAY = [
    Fault("relay: killed", _kill, "relays"),
    Fault("relay: stopped", _stop, "relays", graceful=True),
    Fault("relay: all stopped", _stop_all, "relays", graceful=True),
    Fault("relay: frozen", _freeze, "relays"),
    Fault("relay: another joins and leaves", _join, "guest", graceful=True),
    Fault("relay: dies at a point", _die_at_a_point, "relays"),
    Fault("relay: frozen in a transaction", _freeze_inside, "relays", needs="exactly_once"),
    Fault(
        "kafka: killed in a transaction",
        _kill_broker_inside,
        "relays",
        needs="exactly_once",
        leaderless=True,
    ),
]
