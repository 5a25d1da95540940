"""How a transaction ends that cannot be committed: rolled back, or its connection hung up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from pg_tide.errors import FatalError, TransientError
from pg_tide.postgres import Connection

REFUSED = asyncpg.InsufficientPrivilegeError("permission denied")
SILENT = TimeoutError()
WORK = "SELECT 1"


class Line:
    """The far end of a connection: it fails or hangs at what it was told to, and takes the rest."""

    def __init__(self, fails: dict[str, Exception], hangs: str = "nowhere") -> None:
        self._fails = fails
        self._hangs = hangs
        self.heard: list[str] = []
        self.hanging = asyncio.Event()
        self.is_hung_up = False

    async def execute(self, sql: str) -> None:
        """Take a script: of those of several statements the work is what matters."""
        heard = next((word for word in (WORK, "BEGIN", "COMMIT") if word in sql), sql)
        self.heard.append(heard)
        if heard == self._hangs:
            self.hanging.set()
            await asyncio.Event().wait()
        if heard in self._fails:
            raise self._fails[heard]

    def terminate(self) -> None:
        self.is_hung_up = True


async def in_steps(line: Line) -> None:
    """Work in a transaction of several round trips."""
    connection = Connection(line)
    async with connection.transaction():
        await connection.script(WORK)


async def at_once(line: Line) -> None:
    """Work in a transaction of one."""
    await Connection(line).at_once(WORK)


async def alone(line: Line) -> None:
    """Work as a statement alone."""
    async with Connection(line).alone() as connection:
        await connection.script(WORK)


both = pytest.mark.parametrize("work", [in_steps, at_once])
all_three = pytest.mark.parametrize("work", [in_steps, at_once, alone])
Working = Callable[[Line], Awaitable[None]]


@both
async def test_what_was_refused_is_rolled_back(work: Working) -> None:
    line = Line({WORK: REFUSED})
    with pytest.raises(FatalError):
        await work(line)
    assert line.heard[-2:] == [WORK, "ROLLBACK"]
    assert not line.is_hung_up


async def test_a_statement_alone_needs_no_end() -> None:
    """Well or not: of what was refused nothing is left to roll back."""
    for line in (Line({}), Line({WORK: REFUSED})):
        with contextlib.suppress(FatalError):
            await alone(line)
        assert line.heard == [WORK]
        assert not line.is_hung_up


@all_three
async def test_who_did_not_answer_is_not_asked_to_roll_back(work: Working) -> None:
    """It would be waited for as long again: a minute."""
    line = Line({WORK: SILENT})
    with pytest.raises(TransientError):
        await work(line)
    assert line.heard[-1] == WORK
    assert line.is_hung_up


@all_three
async def test_who_is_cancelled_hangs_up_and_waits_for_nothing(work: Working) -> None:
    """Whatever was asked is under way still; and a pipeline without its lock must be gone."""
    line = Line({}, hangs=WORK)
    working = asyncio.ensure_future(work(line))
    await line.hanging.wait()
    working.cancel()
    await asyncio.wait({working})
    assert working.cancelled()
    assert line.heard[-1] == WORK
    assert line.is_hung_up


@both
async def test_a_transaction_that_cannot_be_rolled_back_is_hung_up(work: Working) -> None:
    """Given back to the pool, the next one's work would be part of it."""
    line = Line({WORK: REFUSED, "ROLLBACK": SILENT})
    with pytest.raises(FatalError):
        await work(line)
    assert line.is_hung_up


@both
async def test_who_is_cancelled_while_it_rolls_back_hangs_up(work: Working) -> None:
    line = Line({WORK: REFUSED}, hangs="ROLLBACK")
    working = asyncio.ensure_future(work(line))
    await line.hanging.wait()
    working.cancel()
    await asyncio.wait({working})
    assert working.cancelled()
    assert line.is_hung_up
