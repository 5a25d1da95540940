"""Blocking work has a thread of its own, and what hangs is not begun a second time."""

import asyncio
import threading

import pytest

from pg_tide.aside import aside


async def give_up(name: str, gate: threading.Event) -> None:
    """Begin work that hangs, and wait no longer."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await aside(name, gate.wait)


def fail() -> None:
    raise ValueError("no")


async def test_what_work_returns_and_raises() -> None:
    assert await aside("a", lambda: 1) == 1
    with pytest.raises(ValueError, match="no"):
        await aside("a", fail)


async def test_work_of_one_name_may_run_at_once() -> None:
    both = threading.Barrier(2, timeout=30)
    await asyncio.gather(aside("a", both.wait), aside("a", both.wait))


async def test_of_work_that_was_given_up_no_other_is_begun_until_it_ends() -> None:
    gate, begun = threading.Event(), threading.Event()
    await give_up("a", gate)
    await give_up("a", begun)
    await aside("b", lambda: None)
    again = asyncio.create_task(aside("a", begun.set))
    await aside("b", lambda: None)
    assert not begun.is_set()
    gate.set()
    async with asyncio.timeout(30):
        await again
    assert begun.is_set()


async def test_nobody_waits_for_it_at_the_end() -> None:
    """Neither the loop nor the process: both are left while it hangs."""
    seen: list[threading.Thread] = []
    gate = threading.Event()

    def hang() -> None:
        seen.append(threading.current_thread())
        gate.wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await aside("c", hang)
    assert [thread.daemon for thread in seen] == [True]
    gate.set()
