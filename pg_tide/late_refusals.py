"""What Kafka refused after it was handed over: put aside, with what must wait behind it.

Works between two clients, while no record is under way: what has no acknowledgement then can
still be held back, and goes nowhere if it is.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from pg_tide.admission import Admission
from pg_tide.dead_letter import DeadLetters, key_parked
from pg_tide.errors import Halted, MessageError
from pg_tide.in_flight import Entry, InFlight
from pg_tide.message import Record


class Producer(Protocol):
    """What this needs of a producer."""

    def withdraw(self, records: Collection[Record]) -> set[int]:
        """Take back those that have no acknowledgement yet; the `id()` of each that was."""

    async def drained(self) -> None:
        """Wait until every record was acknowledged, refused or withdrawn."""


class LateRefusals:
    """Of one pipeline. `stuck` is set where it must stop at a message that Kafka refused."""

    def __init__(
        self, in_flight: InFlight, producer: Producer, letters: DeadLetters, admission: Admission
    ) -> None:
        self._in_flight = in_flight
        self._producer = producer
        self._letters = letters
        self._admission = admission
        self._stop: tuple[Entry, int, Halted] | None = None
        self.stuck = asyncio.Event()

    def end(self) -> None:
        """Put aside what was refused; hold back what waits for it, or all that is behind."""
        parked: set[str] = set()
        held: list[tuple[Entry, int]] = []
        stopped = False
        for entry in self._in_flight.entries:
            if stopped and not entry.batch.replay:
                continue  # it is forgotten
            if (refused := entry.refusals()) or parked:
                held += [(entry, place) for place in self._go_through(entry, refused, parked)]
            stopped |= entry.stopped
        self._hold_back(held)
        self._admission.park(parked)
        self._in_flight.changed()

    def _go_through(
        self, entry: Entry, refused: Mapping[int, MessageError], parked: set[str]
    ) -> Iterator[int]:
        """Put aside what was refused; the places of messages that shall not go for that."""
        for place, message in enumerate(entry.batch.messages):
            if entry.stopped and self._stop is not None and place == self._stop[1]:
                return
            if place in refused:
                replay = entry.batch.replay
                try:
                    rejected = self._letters.put_aside(message, refused[place], replay=replay)
                except Halted as halted:
                    self._halt(entry, place, halted)
                    return
                entry.rejected[place] = rejected
                if message.key is not None and self._letters.waits(message):
                    parked.add(message.key)
                if len(entry.records[place]) > 1:
                    yield place  # what is left of it goes no more
            elif message.key in parked and place not in entry.rejected:
                yield place

    def _hold_back(self, held: list[tuple[Entry, int]]) -> None:
        withdrawn = self._producer.withdraw(
            [record for entry, place in held for record in entry.records[place]]
        )
        for entry, place in held:
            refused = place in entry.rejected
            if not refused and any(id(record) in withdrawn for record in entry.records[place]):
                message = entry.batch.messages[place]
                entry.rejected[place] = self._letters.put_aside(
                    message, key_parked(message), replay=entry.batch.replay
                )

    def _halt(self, entry: Entry, place: int, halted: Halted) -> None:
        """Stop there: nothing behind it shall go that has not gone yet."""
        self._stop = (entry, place, halted)
        entry.stopped = True
        behind = entry.records[place:]
        for later in self._in_flight.behind(entry):
            if not later.batch.replay:
                behind += later.records
        self._producer.withdraw([record for of_message in behind for record in of_message])
        self.stuck.set()

    async def cut(self) -> Halted | None:
        """Wait until all in front of where it stops has its end, and forget what is behind.

        Some of that may have been acknowledged: it will be sent again.
        """
        await self._producer.drained()
        if self._stop is None:
            return None
        entry, place, halted = self._stop
        self._in_flight.cut(entry, place)
        return halted
