"""What one evaluation may use of time and memory: no expression may stop the relay.

The relay is one thread, so an evaluation is never interrupted: it counts its steps itself, asks
the clock between them, and says how large a value is before it makes or reads it as a whole.
Values share parts: `[@, @]` thirty times over is small in memory and has a billion members.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pg_tide.exact_json import number_length

LONGEST = 1.0  # seconds of the processor's time, so that a busy machine is nobody's fault
MOST = 64 * 1024 * 1024  # bytes, about
_STRETCH = 1000  # steps, each of about a microsecond, between looks at the clock

_SCALAR = 32  # bytes of a value, with its place in an array or object
_ESCAPED = 6  # bytes of a character written like \u0001


class SpentError(Exception):
    """An evaluation needs more than it may; `reason` says of what."""

    def __init__(self, problem: str, reason: str) -> None:
        super().__init__(problem)
        self.reason = reason


class Budget:
    """What is left to an evaluation; `clock` is in seconds.

    The first stretch is free: most evaluations end in it and never ask the clock.
    """

    __slots__ = ("_clock", "_deadline", "_room", "steps")

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """Begin another evaluation."""
        self.steps = _STRETCH
        self._room = MOST
        self._deadline: float | None = None

    def spend(self, steps: int) -> None:
        """Take so many steps; SpentError when time is over."""
        self.steps -= steps
        if self.steps < 0:
            self.look()

    def look(self) -> None:
        """Look at the clock, as is due when `steps` is below zero; SpentError when time is over."""
        now = self._clock()
        if self._deadline is None:
            self._deadline = now + LONGEST
        elif now > self._deadline:
            raise too_slow()
        self.steps = _STRETCH

    def make(self, size: int) -> None:
        """Make a value of so many bytes; SpentError when there is no room for it."""
        self._room -= size
        if self._room < 0:
            raise _too_large()

    @property
    def made(self) -> int:
        """How many bytes were made."""
        return MOST - self._room

    def weigh(self, value: Any) -> int:
        """Read a value with all that is in it, as often as it is in it; return its bytes, about.

        Raises SpentError when it is too large. This bounds whatever is done next with the whole
        value: comparing, sorting, writing.
        """
        weight = 0
        waiting = [value]
        while waiting:
            value = waiting.pop()
            kind = type(value)
            if kind is list:
                weight += _SCALAR * len(value)
                inside = value
            elif kind is dict:
                weight += _SCALAR * len(value) + sum(map(len, value))
                inside = value.values()
            else:
                weight += scalar_weight(value)
                inside = ()
            if weight > MOST:
                raise _too_large()
            if inside:
                self.spend(len(inside))
                waiting.extend(inside)
        return weight


def scalar_weight(value: Any) -> int:
    """Return what a value without parts weighs, beyond its place among others."""
    weight = _WEIGHTS.get(type(value))
    return weight(value) if weight else 0


def _text_weight(text: str) -> int:
    return len(text) * (1 if text.isprintable() else _ESCAPED)


_WEIGHTS: dict[type, Callable[[Any], int]] = {
    str: _text_weight,
    Decimal: number_length,
    # To compare a long one with a Decimal takes time by the square of its length.
    int: lambda number: number.bit_length() ** 2 >> 10,
}


def too_slow() -> SpentError:
    """Return the error of an evaluation that takes too long."""
    return SpentError(f"it takes over {LONGEST:g} second", "expression_too_slow")


def _too_large() -> SpentError:
    size = f"{MOST // 1024 // 1024} MiB"
    return SpentError(f"it makes or compares values of over {size}", "expression_too_large")
