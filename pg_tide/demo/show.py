"""The demo from curtain to curtain: put up, play, sum up, take down.

Whatever happens, each part is taken down by the context that put it up. Signals do not interrupt
that: the first one lets the play finish, the next one ends it at once.
"""

import asyncio
import secrets
import signal
from enum import Enum, auto

from pg_tide.demo.ledger import Ledger
from pg_tide.demo.play import Play
from pg_tide.demo.stage import Settings, stage
from pg_tide.demo.view import View, chosen_view

__all__ = ["Settings", "run"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: Settings) -> int:
    """Perform the demo and return the exit code; raises what it cannot go on after."""
    return asyncio.run(_under_signals(_Show(settings, chosen_view())))


async def _under_signals(show: "_Show") -> int:
    task = asyncio.create_task(show.perform())
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, show.interrupt, task)
    try:
        return await task
    except asyncio.CancelledError:
        return show.left()


class _Phase(Enum):
    PUT_UP = auto()
    PLAY = auto()
    TAKE_DOWN = auto()


class _Show:
    def __init__(self, settings: Settings, view: View) -> None:
        self._settings = settings
        self._view = view
        self._phase = _Phase.PUT_UP
        self._stopped = asyncio.Event()
        self._remains: list[str] = []

    def interrupt(self, task: asyncio.Task[int]) -> None:
        """A signal came: finish, or if that was said already or nothing plays yet, leave."""
        if self._phase is _Phase.PLAY and not self._stopped.is_set():
            self._stopped.set()
        elif self._phase is not _Phase.TAKE_DOWN:
            self._phase = _Phase.TAKE_DOWN
            task.cancel()

    async def perform(self) -> int:
        """The whole show; the exit code."""
        ledger = Ledger(secrets.token_hex(3))
        self._view.introduce()
        async with stage(self._settings, self._view.say, self._remains.append) as found:
            play = Play(self._settings, found, self._view.display, ledger)
            self._phase = _Phase.PLAY
            self._view.display.open(found)
            try:
                await play.run(self._stopped)
            finally:
                self._phase = _Phase.TAKE_DOWN
                self._view.display.close()
            problems = ledger.problems(complete=self._settings.seconds is not None)
            self._view.sum_up(ledger, problems)
        self._say_remains()
        return 1 if problems or self._remains else 0

    def left(self) -> int:
        """Ended before the end; the exit code."""
        self._say_remains()
        return 1 if self._settings.seconds or self._remains else 0

    def _say_remains(self) -> None:
        for remains in self._remains:
            self._view.say(remains)
        if not self._remains:
            self._view.say("Everything is stopped and removed.")
