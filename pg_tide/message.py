"""The nouns on the path: a message is a row on its way, a record is what goes to Kafka.

These are made by the hundred thousand a second: hence structs of msgspec, which cost a third of a
dataclass. They hold no cycles, so the garbage collector need not look at them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, overload

import orjson
from msgspec import Struct

from pg_tide.errors import MessageError
from pg_tide.position import Position, Window

Headers = list[tuple[str, bytes | None]]

KEY_PARKED = "key_parked"  # the reason for which a message of a parked key is put aside

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Message(Struct, gc=False):
    """A published row, as polled. `published_at_us` is in microseconds since 1970, UTC."""

    id: int
    outbox: str
    source: str | None
    op: str
    key: str | None
    dedup_key: str | None
    headers: dict[str, Any] | None
    payload: bytes | None
    is_json: bool
    before: bytes | None
    published_at_us: int

    @property
    def published_at(self) -> str:
        """When it was published, like 2026-01-31T12:00:00.123456Z."""
        at = _EPOCH + timedelta(microseconds=self.published_at_us)
        return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Rows(Sequence[Message]):
    """The messages of a page, each made when somebody looks at it: most need not be.

    `rows` are of the columns id, source, op, key, dedup_key, headers as JSON, payload, is_json,
    before, published_at_us; what comes behind them is not looked at.
    """

    __slots__ = ("outbox", "rows")

    def __init__(self, outbox: str, rows: Sequence[Sequence[Any]]) -> None:
        self.outbox = outbox
        self.rows = rows

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Message]:
        """Each of them, in order."""
        return map(self._message, self.rows)

    @overload
    def __getitem__(self, place: int) -> Message: ...
    @overload
    def __getitem__(self, place: slice) -> "Rows": ...
    def __getitem__(self, place: int | slice) -> "Message | Rows":
        """One of them, or some."""
        if isinstance(place, slice):
            return Rows(self.outbox, self.rows[place])
        return self._message(self.rows[place])

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """All ids, all sources and so on; of a page that is not empty."""
        return list(zip(*self.rows, strict=True))

    @property
    def published_us(self) -> list[int]:
        """When each of them was published, in microseconds since 1970, UTC."""
        return [row[9] for row in self.rows]

    def _message(self, row: Sequence[Any]) -> Message:
        number, source, op, key, dedup_key, headers, payload, is_json, before, at, *_ = row
        headers = headers and orjson.loads(headers)
        return Message(
            number, self.outbox, source, op, key, dedup_key, headers, payload, is_json, before, at
        )


class Route(Struct, gc=False):
    """Where a message goes. `partition_by` is hashed instead of the record's key, if given."""

    topic: str
    key: str | None
    headers: Headers
    partition_by: bytes | None = None


class Record(Struct, gc=False):
    """What goes to Kafka. `timestamp_ms` is in milliseconds since 1970, UTC."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int
    partition_by: bytes | None = None


Records = list[tuple[Record, ...]]  # of each message of a batch, none for one that does not go


@dataclass(slots=True)
class Rejected:
    """A message that is put aside, why, and when: it can not go, or its key is parked.

    `parks` says that later messages of its key wait for it.
    """

    message: Message
    error: MessageError
    parks: bool = False
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def follows(self) -> bool:
        """Whether it only waits for an earlier message of its key."""
        return self.error.reason == KEY_PARKED


@dataclass(slots=True)
class Batch:
    """Messages polled together. `end` is the position when all of them have their end.

    `size` is in bytes of memory, about; `full` says that more may wait behind them. Those of a
    `replay` were put aside before: the position has passed them.
    """

    messages: Sequence[Message]
    window: Window
    end: Position
    size: int
    full: bool = False
    replay: bool = False

    @property
    def published_us(self) -> list[int]:
        """When each message was published, in microseconds since 1970, UTC."""
        if isinstance(self.messages, Rows):
            return self.messages.published_us
        return [message.published_at_us for message in self.messages]

    def slices(self, most: int) -> Iterator["Batch"]:
        """The same in parts of so many messages, each with the position behind it."""
        count = len(self.messages)
        for begin in range(0, count, most):
            part = self.messages[begin : begin + most]
            end = self.end if begin + most >= count else self.window.until(part[-1].id)
            size = self.size * (begin + len(part)) // count - self.size * begin // count
            yield Batch(part, self.window, end, size, self.full)

    def before(self, index: int) -> "Batch":
        """The part of this batch in front of one of its messages, with the position there."""
        kept = self.messages[:index]
        end = self.window.until(kept[-1].id) if kept else self.window.start
        return Batch(kept, self.window, end, self.size)
