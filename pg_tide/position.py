"""The rules of snapshot windows: what has been delivered when a page of a window has its end.

Pure. A position is complete: whoever reads on from it gets every message that has no end yet,
and no other. Snapshots stay in PostgreSQL's own text (`xmin:xmax:xip,…`); SQL alone looks inside.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, NewType
from uuid import UUID

from pg_tide.intent import Confirmed, Intent

Snapshot = NewType("Snapshot", str)


class Position(NamedTuple):
    """A consumer group's place in an outbox.

    Every message visible in `done` has its end; of those visible in `page`, if a window is open,
    so has every one with an id up to `last_id`.
    """

    done: Snapshot
    page: Snapshot | None = None
    last_id: int = 0

    def __str__(self) -> str:
        """Return it as a line of the log has it."""
        page = "" if self.page is None else f", {self.page} up to message {self.last_id}"
        return f"{self.done}{page}"


class Window(NamedTuple):
    """The messages that `snapshot` shows and `start.done` does not, read page by page by id."""

    start: Position
    snapshot: Snapshot

    def until(self, message_id: int) -> Position:
        """The position when every message of the window up to this id has its end."""
        return Position(self.start.done, self.snapshot, message_id)

    def finished(self) -> Position:
        """The position when the window is dry."""
        return Position(self.snapshot)


def window_of(position: Position, snapshot: Snapshot) -> Window:
    """The open window of a position, or the one that a poll's own snapshot opens."""
    return Window(position, snapshot if position.page is None else position.page)


@dataclass(frozen=True)
class Lease:
    """The right to run a consumer group, as taken over: its epoch, its row, where to read on.

    `crashes` relays in a row ended without giving it back, the last ones perhaps by message
    `attempt_id`, which was tried alone. While intents are `kept`, what became of them is to be
    found out before anything is read. `installation` is the database's, for transactional ids.
    """

    group_id: int
    epoch: UUID
    row_ctid: str
    position: Position
    crashes: int = 0
    attempt_id: int | None = None
    installation: UUID | None = None
    kept: tuple[Intent, ...] = ()
    confirmed: Confirmed = field(default_factory=Confirmed)
