"""The network between relays and a server: each kind on each side."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.chaos.brokers import Network
from tests.chaos.fault import Fault
from tests.chaos.stage import Stage
from tests.fixtures.proxy import BOTH

Break = Callable[[Network, random.Random], str | None]
_SHORT, _LONG = (0.2, 2.0), (0.5, 5.0)  # seconds


def _cut(proxy: Network, chance: random.Random) -> str:
    del chance
    count = proxy.connections
    proxy.cut()
    return f"{count} connections"


def _refuse(proxy: Network, chance: random.Random) -> str | None:
    proxy.refuse()
    if chance.random() < 0.5:
        return None
    proxy.cut()
    return "and cut"


def _stall(proxy: Network, chance: random.Random) -> None:
    del chance
    proxy.stall()


def _stall_one_way(proxy: Network, chance: random.Random) -> str:
    direction = chance.choice(BOTH)
    proxy.stall(direction)
    return direction


def _half_close(proxy: Network, chance: random.Random) -> str:
    direction = chance.choice(BOTH)
    proxy.half_close(direction)
    return direction


def _throttle(proxy: Network, chance: random.Random) -> str:
    rate = chance.choice((5_000, 20_000, 100_000))
    proxy.throttle(rate)
    return f"{rate} bytes/s"


_KINDS: dict[str, tuple[Break, tuple[float, float]]] = {
    "cut": (_cut, (0.0, 0.0)),
    "refused": (_refuse, _LONG),
    "stalled": (_stall, _LONG),
    "stalled one way": (_stall_one_way, _LONG),
    "half closed": (_half_close, _SHORT),
    "throttled": (_throttle, _LONG),
}


def _striking(
    side: str, breaks: Break, lasts: tuple[float, float]
) -> Callable[[Stage, random.Random], Awaitable[str | None]]:
    async def strike(stage: Stage, chance: random.Random) -> str | None:
        proxy, seconds = stage.networks[side], chance.uniform(*lasts)
        said = breaks(proxy, chance)
        await asyncio.sleep(seconds)
        await proxy.heal()
        return said

    return strike


NETWORK = [
    Fault(f"{side}: {name}", _striking(side, breaks, lasts), f"{side}'s network")
    for side in ("postgres", "kafka")
    for name, (breaks, lasts) in _KINDS.items()
]
