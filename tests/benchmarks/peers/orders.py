"""Orders that tell when they were sent, so that what any relay makes of them tells it too."""

import random
import re
import time
from collections.abc import Iterator

from tests.benchmarks.stage import messages

# Also where a relay has put the payload into another text, and so escaped its quotes.
_NUMBER = re.compile(rb"order_id\W+(\d+)")
_SENT = re.compile(rb"sent_at\W+(\d+)")
_MEMBER = ', "sent_at": {}}}'
_TIME_DIGITS = 16  # microseconds since 1970


class Orders:
    """Orders of a size and with so many keys, numbered from 0, each stamped as it is made."""

    def __init__(self, size: int, keys: int) -> None:
        self._chance = random.Random(1)
        self._size = size - len(_MEMBER.format("0" * _TIME_DIGITS)) + 1
        self._keys = keys

    def chunks(self, count: int, together: int) -> Iterator[tuple[list[str], list[str]]]:
        """Yield the payloads and keys of each transaction, made when they are asked for."""
        for start in range(0, count, together):
            numbers = range(start, min(start + together, count))
            plain = [messages.order(number, self._chance, self._size) for number in numbers]
            keys = [f"customer-{self._chance.randrange(self._keys):04}" for _ in numbers]
            yield [stamped(payload) for payload in plain], keys


def stamped(payload: str) -> str:
    """Return an order with the time of now."""
    return payload[:-1] + _MEMBER.format(time.time_ns() // 1000)


def number_of(value: bytes | None) -> int:
    """Return the number of the order in a record; ValueError where there is none."""
    return _found(_NUMBER, value)


def sent_at(value: bytes | None) -> float:
    """Return when the order in a record was sent, in seconds since 1970."""
    return _found(_SENT, value) / 1e6


def _found(pattern: "re.Pattern[bytes]", value: bytes | None) -> int:
    if found := pattern.search(value or b""):
        return int(found[1])
    raise ValueError(f"a record that has no order of `load` in its value: {value!r:.200}")
