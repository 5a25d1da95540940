"""An outbox in memory, over a small model of transactions and snapshots."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pg_tide.errors import LeaseLost, MessageError
from pg_tide.message import Batch, Message, Rejected
from pg_tide.outbox import NOTHING
from pg_tide.position import Position, Snapshot, window_of
from pg_tide.testing.rows import rows_of

EARLIEST = Position(Snapshot("3:3:"))
MESSAGE_OVERHEAD = 200  # bytes, as SQL counts them


def visible(xid: int, snapshot: Snapshot) -> bool:
    """Whether a transaction was over when the snapshot was taken."""
    _, xmax, running = snapshot.split(":")
    return xid < int(xmax) and str(xid) not in running.split(",")


@dataclass
class _Table:
    """The messages of all transactions, and who is still running."""

    next_xid: int = 3
    next_id: int = 1
    xmax: int = 3  # one above the latest transaction that is over
    running: set[int] = field(default_factory=set)
    rows: list[tuple[int, Message]] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        """As PostgreSQL takes and writes it: of those running, the ones below xmax."""
        running = sorted(xid for xid in self.running if xid < self.xmax)
        xmin = running[0] if running else self.xmax
        return Snapshot(f"{xmin}:{self.xmax}:{','.join(map(str, running))}")

    def end(self, xid: int, *, keep: bool) -> None:
        """A transaction is over."""
        self.running.discard(xid)
        self.xmax = max(self.xmax, xid + 1)
        if not keep:
            self.rows = [row for row in self.rows if row[0] != xid]


class FakeTransaction:
    """A publisher's transaction; its messages appear when it commits."""

    def __init__(self, table: _Table, outbox: str) -> None:
        self._table = table
        self._outbox = outbox
        self.xid: int | None = None

    def publish(
        self,
        payload: bytes | None = b"{}",
        *,
        key: str | None = None,
        headers: dict[str, Any] | None = None,
        op: str = "insert",
    ) -> int:
        """Publish a message; its id. The transaction has an id of its own before."""
        table = self._table
        if self.xid is None:
            self.xid, table.next_xid = table.next_xid, table.next_xid + 1
            table.running.add(self.xid)
        message = Message(
            id=table.next_id,
            outbox=self._outbox,
            source=None,
            op=op,
            key=key,
            dedup_key=None,
            headers=headers,
            payload=payload,
            is_json=True,
            before=None,
            published_at_us=time.time_ns() // 1000,
        )
        table.next_id += 1
        table.rows.append((self.xid, message))
        return message.id

    def commit(self) -> None:
        """Have its messages appear."""
        if self.xid is not None:
            self._table.end(self.xid, keep=True)

    def rollback(self) -> None:
        """Have them never appear; their ids are used up."""
        if self.xid is not None:
            self._table.end(self.xid, keep=False)


@dataclass
class FakeLetter:
    """A message that was put aside; `state` as the column of tide.dead_letter."""

    message: Message
    state: str
    parks: bool
    error: MessageError

    @property
    def unresolved(self) -> bool:
        """Whether it has yet to be delivered or discarded."""
        return self.state in ("waiting", "parked", "retrying")


@dataclass
class Written:
    """What is written of a consumer group: its position, counts, dead letters, who may write."""

    position: Position = EARLIEST
    delivered: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    letters: list[FakeLetter] = field(default_factory=list)
    epoch: int = 0
    crashes: int = 0
    attempt_id: int | None = None
    attempts: int = 0

    def letter(self, message_id: int) -> FakeLetter:
        """The dead letter of a message, the latest there was."""
        return next(one for one in reversed(self.letters) if one.message.id == message_id)

    def parked(self) -> dict[str, list[FakeLetter]]:
        """The chains of parked keys, each in order."""
        chains: dict[str, list[FakeLetter]] = {}
        for one in self.letters:
            if one.unresolved and one.parks and one.message.key is not None:
                chains.setdefault(one.message.key, []).append(one)
        return chains


class FakeOutbox:
    """An outbox as one consumer group sees it under one lease, and its publishers' side.

    `written` is what a next owner reads on from.
    """

    def __init__(self, name: str = "outbox") -> None:
        self.name = name
        self.snapshot_xmin = 0
        self._table = _Table()
        self._own(Written())

    def _own(self, written: Written) -> None:
        self.written = written
        self.position = written.position
        written.epoch += 1
        self._epoch = written.epoch
        self.crashes, self.tried_alone = written.crashes, written.attempt_id

    def begin(self) -> FakeTransaction:
        """Begin a publisher's transaction."""
        return FakeTransaction(self._table, self.name)

    def publish(self, payload: bytes | None = b"{}", *, key: str | None = None) -> int:
        """Publish a message in a transaction of its own; its id."""
        transaction = self.begin()
        message_id = transaction.publish(payload, key=key)
        transaction.commit()
        return message_id

    def crash(self) -> "FakeOutbox":
        """The same outbox as `take_over` has it when the owner has ended without leaving."""
        self.written.crashes += 1
        return self.take_over()

    def take_over(self) -> "FakeOutbox":
        """The same outbox under a new lease, from the position written; this lease is lost."""
        successor = FakeOutbox(self.name)
        successor._table = self._table
        successor._own(self.written)
        return successor

    def _check_lease(self) -> None:
        if self._epoch != self.written.epoch:
            raise LeaseLost("the consumer group is not held under this epoch any more")

    async def poll(self, max_messages: int, max_bytes: int) -> Batch:
        """The next page: at least one message if there is one that no earlier page brought."""
        self._check_lease()
        in_window = self.position.page is not None
        batch = self._page(max(max_messages, 1), max(max_bytes, 1))
        if in_window and not batch.messages:
            batch = self._page(max(max_messages, 1), max(max_bytes, 1))
        return batch

    def _page(self, max_messages: int, max_bytes: int) -> Batch:
        at, snapshot = self.position, self._table.snapshot()
        self.snapshot_xmin = int(snapshot.partition(":")[0])
        window = window_of(at, snapshot)
        messages: list[Message] = []
        size = 0
        for xid, message in self._table.rows:
            if len(messages) >= max_messages or size >= max_bytes:
                break
            seen = message.id <= at.last_id and at.page is not None
            if not seen and visible(xid, window.snapshot) and not visible(xid, at.done):
                messages.append(message)
                size += size_of(message)
        full = len(messages) >= max_messages or size >= max_bytes
        self.position = window.until(messages[-1].id) if full else window.finished()
        return Batch(rows_of(messages), window, self.position, size, full)

    async def commit(
        self,
        end: Position | None,
        delivered: int,
        filtered: int,
        aside: Sequence[Rejected] = (),
        replayed: Mapping[str, Sequence[int]] = NOTHING,
    ) -> set[str]:
        """Write the position: every message up to `end` has its end."""
        self._check_lease()
        written = self.written
        for rejected in aside:
            self._put_aside(rejected)
        ended = {message_id: state for state, ids in replayed.items() for message_id in ids}
        touched = set()
        for one in written.letters:
            if one.unresolved and one.message.id in ended:
                one.state = ended[one.message.id]
                touched.add(one.message.key)
        written.position = end or written.position
        written.delivered += delivered
        written.filtered += filtered
        written.crashes = 0
        return {key for key in written.parked() if key in touched}

    def _put_aside(self, rejected: Rejected) -> None:
        state = "parked" if rejected.follows else "waiting"
        letters = self.written.letters
        known = [one for one in letters if one.message.id == rejected.message.id]
        if known and known[-1].state == "discarded":
            return  # while it was tried again
        if not known:
            letters.append(FakeLetter(rejected.message, state, rejected.parks, rejected.error))
            self.written.dead_lettered += 1
        elif state == "waiting":
            known[-1].state, known[-1].error = state, rejected.error

    async def retries(self, max_messages: int, max_bytes: int) -> Batch:
        """Messages that were put aside and shall be tried again now, in order."""
        self._check_lease()
        held: set[str | None] = set()  # keys of which one waits
        found = []
        for one in self.written.letters:
            waits = one.parks and (one.state == "waiting" or one.message.key in held)
            if one.unresolved and waits:
                held.add(one.message.key)
            elif one.state == "retrying" or (one.state == "parked" and one.parks):
                found.append(one.message)
        window = window_of(self.position, self.position.done)
        messages: list[Message] = []
        size = 0
        while found and len(messages) < max_messages and size < max_bytes:
            messages.append(found.pop(0))
            size += size_of(messages[-1])
        full = len(messages) >= max_messages or size >= max_bytes
        return Batch(messages, window, self.position, size, full, replay=True)

    async def parked_keys(self, at_most: int) -> list[str]:
        """Keys whose messages are put aside, for an earlier one of them is."""
        return list(self.written.parked())[:at_most]

    async def attempt(self, message_id: int | None) -> int:
        """Write down that a message is about to be tried alone; how often it has been by then."""
        self._check_lease()
        written = self.written
        again = message_id is not None and message_id == written.attempt_id
        written.attempts = written.attempts + 1 if again else int(message_id is not None)
        written.attempt_id = message_id
        return written.attempts

    # What an operator may do.

    def retry(self, message_id: int) -> None:
        """Ask that a message which was put aside is tried again."""
        self.written.letter(message_id).state = "retrying"

    def discard(self, message_id: int) -> None:
        """Give a message up that was put aside."""
        self.written.letter(message_id).state = "discarded"


def size_of(message: Message) -> int:
    """The bytes of memory that a message takes, about."""
    return MESSAGE_OVERHEAD + len(message.payload or b"") + len(message.key or "")
