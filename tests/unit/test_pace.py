"""A rate limit lets through what it says, evenly, whatever the rate and whoever is late."""

import asyncio
import itertools
import random

import pytest

from pg_tide.pace import Pace

RATES = [1, 3, 10, 333, 1000, 50_000]


class Clock:
    """Time as a test tells it, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def went(rate: int, seconds: float, late: float = 0.0) -> list[tuple[float, int]]:
    """A backlog at this rate: when portions went, and how large they were.

    Who polls comes up to `late` seconds late.
    """
    chance = random.Random(7)
    clock = Clock()
    pace = Pace(rate, clock=clock)
    began, portions = clock.now, []
    while clock.now - began < seconds:
        while pause := pace.wait():
            clock.now += pause + 1e-9
        clock.now += chance.uniform(0, late)
        taken = pace.allowed
        pace.take(taken)
        portions.append((clock.now - began, taken))
    return portions


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("late", [0.0, 0.02, 0.1])
def test_a_backlog_goes_as_fast_as_it_may_and_no_faster(rate: int, late: float) -> None:
    seconds = 100.0
    portions = went(rate, seconds, late)
    total = sum(count for _, count in portions)
    assert abs(total - rate * seconds) <= 0.02 * rate * seconds + 1


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("late", [0.0, 0.1])
def test_in_no_second_goes_much_more(rate: int, late: float) -> None:
    portions = went(rate, 30.0, late)
    for at, _ in portions:
        in_a_second = sum(count for other, count in portions if at <= other < at + 1)
        assert in_a_second <= rate * 1.25 + 2


@pytest.mark.parametrize(("rate", "polls"), [(10, 10), (100, 20), (50_000, 20)])
def test_portions_are_few(rate: int, polls: int) -> None:
    assert len(went(rate, 10.0)) <= 10 * polls + 1


def test_what_was_not_used_is_not_saved_up() -> None:
    clock = Clock()
    pace = Pace(1000, clock=clock)
    clock.now += 3600
    assert pace.wait() == 0
    assert pace.allowed == 250


def test_a_trickle_below_the_limit_never_waits() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    for _ in range(100):
        assert pace.wait() == 0
        pace.take(1)
        clock.now += 0.11


async def test_room_waits_for_its_portion() -> None:
    pace = Pace(100)
    assert await pace.room() == 5
    pace.take(5)
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(5):
        assert await pace.room() >= 5
    assert asyncio.get_running_loop().time() - began >= 0.045


async def test_what_is_given_back_may_go_at_once() -> None:
    pace = Pace(1)
    pace.take(1)
    waiting = asyncio.create_task(pace.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    pace.give(1)
    async with asyncio.timeout(0.5):  # a second, by itself
        assert await waiting == 1


def test_what_is_given_back_is_no_more_than_what_is_saved() -> None:
    clock = Clock()
    pace = Pace(1000, clock=clock)
    pace.give(5000)
    assert pace.wait() == 0
    assert pace.allowed == 250


async def test_no_more_is_on_its_way_than_a_second_allows() -> None:
    """However long Kafka is away: when it is back, all that waited goes at once."""
    clock = Clock()
    pace = Pace(100, 1.0, clock)
    on_way = 0
    while True:
        clock.now += 3600
        waiting = asyncio.create_task(pace.room())
        await asyncio.sleep(0)
        if not waiting.done():
            break
        pace.take(waiting.result())
        on_way += waiting.result()
    assert 100 <= on_way <= 130
    pace.arrived(on_way)
    async with asyncio.timeout(5):
        assert await waiting == 25


def test_the_first_portion_goes_at_once() -> None:
    for rate in RATES:
        (first, _), *_ = went(rate, 0.001)
        assert first == 0
    assert next(itertools.pairwise(went(10, 1.0)))[1][0] == pytest.approx(0.1)
