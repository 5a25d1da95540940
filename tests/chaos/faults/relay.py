"""Relays: killed, told to stop, frozen and woken, joined by another, dead at a point."""

import asyncio
import contextlib
import random
import signal
import time

from tests.chaos.fault import Fault
from tests.chaos.stage import SHUTDOWN, Stage
from tests.fixtures.kill_points import POINTS
from tests.fixtures.relay_process import until

STOPS = 3.0 * SHUTDOWN  # seconds
TAKEN_OVER = 20.0  # seconds until somebody else has what a frozen one had
REACHED = 10.0  # seconds


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
    """Have nobody run but one that dies at a point."""
    point = chance.choice([name for name, each in POINTS.items() if each.trigger is None])
    for relay in stage.relays:
        relay.down()
    try:
        await asyncio.gather(*(relay.stop(STOPS) for relay in stage.relays))
        died = await stage.relays[0].die_at(point, REACHED)
    finally:
        for relay in stage.relays:
            relay.up()
    return point if died else f"{point}: it did not come there"


RELAY = [
    Fault("relay: killed", _kill, "relays"),
    Fault("relay: stopped", _stop, "relays", graceful=True),
    Fault("relay: all stopped", _stop_all, "relays", graceful=True),
    Fault("relay: frozen", _freeze, "relays"),
    Fault("relay: another joins and leaves", _join, "guest", graceful=True),
    Fault("relay: dies at a point", _die_at_a_point, "relays"),
]
