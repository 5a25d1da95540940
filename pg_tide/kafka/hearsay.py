"""What aiokafka tells its logger, for whoever looks closer (`--log-level debug`), never as a flood.

What matters of it is the reason of an error of ours already. A client of a deleted topic says the
same thousands of times a second.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable

from pg_tide import log

EVERY = 60.0  # seconds between two lines of one kind

logger = log.get("kafka")


class Hearsay(logging.Handler):
    """Passes on one line of a kind a minute, with how many were left out before it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)  # below, aiokafka tells what it sends: passwords too
        self._clock = clock
        self._again_at: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on, or count it."""
        kind = f"{record.name}: {record.msg}"
        if self._clock() < self._again_at.get(kind, 0.0):
            self._left_out[kind] += 1
            return
        self._again_at[kind] = self._clock() + EVERY
        logger.debug("aiokafka", says=record.getMessage(), left_out=self._left_out.pop(kind, 0))


def listen() -> None:
    """Hear what aiokafka says from now on."""
    theirs = logging.getLogger("aiokafka")
    if not any(isinstance(handler, Hearsay) for handler in theirs.handlers):
        theirs.addHandler(Hearsay())
