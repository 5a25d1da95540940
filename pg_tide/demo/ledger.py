"""What the application committed and what the consumer saw, side by side; no I/O.

Each message of a run has a number, which travels as its `dedup_key`. A key's messages are numbered
in the order in which they were committed. Times are seconds of one monotonic clock.
"""

import math
from collections import deque
from dataclasses import dataclass

OPEN, COMMITTED, ROLLED_BACK, IN_DOUBT = range(4)
_REMEMBERED = 2_000  # latencies


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as the consumer saw it."""

    topic: str
    partition: int
    kafka_offset: int
    key: str
    op: str
    value: str
    dedup_key: str
    at: float


class Ledger:
    """The books of one run, which `run` names: what ought to arrive, and what did."""

    def __init__(self, run: str) -> None:
        self._prefix = f"{run}-"
        self._states = bytearray()
        self._seen = bytearray()
        self._sent: dict[int, float] = {}
        self._last: dict[str, int] = {}
        self._latencies: deque[float] = deque(maxlen=_REMEMBERED)
        self.published = 0
        self.rolled_back = 0
        self.delivered = 0
        self.pending = 0
        self.repeated = 0
        self.phantoms = 0
        self.out_of_order = 0
        self.others = 0

    def new(self) -> int:
        """The number of the next message."""
        self._states.append(OPEN)
        self._seen.append(0)
        return len(self._states) - 1

    def dedup_key(self, number: int) -> str:
        """What a message carries, for `saw` to know it by."""
        return f"{self._prefix}{number}"

    def committing(self, number: int, now: float) -> None:
        """COMMIT is about to be sent; the message may be seen from now on."""
        self._sent[number] = now

    def committed(self, number: int) -> None:
        """COMMIT was answered: the message must arrive."""
        self._states[number] = COMMITTED
        self.published += 1
        self.pending += not self._seen[number]

    def undone(self, number: int) -> None:
        """The transaction was rolled back: the message must never arrive."""
        self._states[number] = ROLLED_BACK
        self._sent.pop(number, None)
        self.rolled_back += 1
        self.phantoms += self._seen[number]

    def doubted(self, number: int) -> None:
        """COMMIT was sent and not answered: the message may arrive."""
        self._states[number] = IN_DOUBT

    def saw(self, record: Seen) -> bool:
        """Enter a record; whether it is one of this run."""
        number = self._number(record.dedup_key)
        if number is None:
            self.others += 1
            return False
        if self._seen[number]:
            self.repeated += 1
            return True
        self._seen[number] = 1
        self.delivered += 1
        self.pending -= self._states[number] == COMMITTED
        self.phantoms += self._states[number] == ROLLED_BACK
        self.out_of_order += number < self._last.get(record.key, -1)
        self._last[record.key] = number
        if (sent := self._sent.pop(number, None)) is not None:
            self._latencies.append(record.at - sent)
        return True

    def _number(self, dedup_key: str) -> int | None:
        digits = dedup_key.removeprefix(self._prefix)
        ours = digits != dedup_key and digits.isdecimal() and int(digits) < len(self._states)
        return int(digits) if ours else None

    def latency(self, *quantiles: float) -> list[float | None]:
        """Seconds from COMMIT to the consumer, of the last 2,000 messages."""
        ordered = sorted(self._latencies)
        last = len(ordered) - 1
        return [ordered[math.ceil(last * one)] if ordered else None for one in quantiles]

    def missing(self) -> list[str]:
        """The `dedup_key` of each message that was committed and not seen."""
        pairs = enumerate(zip(self._states, self._seen, strict=True))
        return [
            self.dedup_key(number)
            for number, (state, seen) in pairs
            if state == COMMITTED and not seen
        ]

    def problems(self, *, complete: bool) -> list[str]:
        """What was wrong, a sentence each; missing messages count when it ought to be complete."""
        found = []
        missing = self.missing() if complete else []
        if missing:
            names = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            found.append(f"{len(missing):,} committed messages did not arrive ({names})")
        if complete and not self.delivered:
            found.append("no message arrived")
        for count, what in (
            (self.repeated, "records were repeats"),
            (self.phantoms, "messages arrived although their transaction was rolled back"),
            (self.out_of_order, "messages arrived before an earlier one of the same key"),
        ):
            if count:
                found.append(f"{count:,} {what}")
        return found
