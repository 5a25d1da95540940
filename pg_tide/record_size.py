"""How many bytes a record takes, and the error of one that is too large.

Once a record, so written for speed: only one that is large is looked at closely.
"""

import sys
from collections.abc import Callable, Iterable

from pg_tide.errors import MessageError
from pg_tide.message import Record

RECORD_OVERHEAD = 91  # bytes at most: the batch's header, and lengths and deltas of one record
HEADER_OVERHEAD = 10
TOO_LARGE = "too_large"  # the reason of its errors, and of those of brokers


class Limits:
    """How large records may be; `look` raises MessageError for one too large for its topic.

    It is asked about records that are larger than what some topic takes.
    """

    def __init__(
        self, max_request_size: int, look: Callable[[Record, int], None] | None = None
    ) -> None:
        self._max_request_size = max_request_size
        self._look = look
        self._safe = max_request_size

    def lower(self, max_bytes: int | None) -> None:
        """Some topic takes so many bytes."""
        if max_bytes is not None:
            self._safe = min(self._safe, max_bytes)

    def check(self, record: Record) -> int:
        """A record's bytes; MessageError for one too large for a request or its topic's brokers.

        A request is measured as the Java client does, before compression; brokers measure after it.
        """
        size = RECORD_OVERHEAD
        if record.value is not None:
            size += len(record.value)
        if record.key is not None:
            size += len(record.key)
        for name, value in record.headers:
            size += len(name) + len(value or b"") + HEADER_OVERHEAD
        if size > self._safe:
            if size > self._max_request_size:
                raise too_large(size, "max_request_size", self._max_request_size)
            if self._look is not None:
                self._look(record, size)
        return size

    def sum(self, records: Iterable[Record]) -> int | None:
        """The bytes of all together; None where one is to be looked at closely."""
        total, safe, each = 0, self._safe - RECORD_OVERHEAD, HEADER_OVERHEAD
        count = 0
        try:
            for count, record in enumerate(records, 1):  # noqa: B007 - it is how many there are
                size = len(record.value or b"") + len(record.key or b"")
                for name, value in record.headers:
                    size += len(name) + len(value) + each  # type: ignore[arg-type]
                if size > safe:
                    return None
                total += size
        except TypeError:  # the value of a header is null
            return None
        return total + count * RECORD_OVERHEAD


def size_of(record: Record) -> int:
    """A record's bytes, at most, before compression."""
    return Limits(sys.maxsize).check(record)


def fitting(record: Record, max_request_size: int) -> int:
    """A record's bytes; MessageError when a request can not have so many."""
    return Limits(max_request_size).check(record)


def too_large(size: int, name: str, limit: int) -> MessageError:
    """The error of a record above one of the limits."""
    return MessageError(
        f"its record of {size} bytes is larger than {name} ({limit})",
        stage="produce",
        reason="too_large",
        hint="Publish a reference to the content instead, or raise max_request_size and the "
        "topic's max.message.bytes.",
    )
