"""Who runs which pipeline: one session lock a consumer group, taken over under a random epoch.

A relay looks twice a second who else is there, takes its share of the locks and says which ones
are too many. When its lock connection is lost, whatever the pipelines hold in memory is void.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from pg_tide import __version__
from pg_tide.errors import LeaseLost, PgTideError, TransientError
from pg_tide.intent import Confirmed, Identity, Intent
from pg_tide.lock_connection import LockConnection, now
from pg_tide.position import Lease, Position
from pg_tide.postgres import Connection
from pg_tide.share import Peer, plan

LOOK = 0.5  # seconds between looks at the other relays
IDLE_LIMIT = "10s"  # after which PostgreSQL frees the locks of a relay that froze
CERTAIN = 9.0  # seconds after a look in which no other relay can have taken anything from this one
LOCK_TIMEOUT = "1s"
REGISTER = "SELECT tide._register_relay($1, $2, $3, $4, $5, $6)"
LOOK_AROUND = "SELECT * FROM tide._look($1)"
TAKE_OVER = (
    "SELECT epoch, row_ctid::text, done::text, page::text, last_id, crashes, attempt_id,"
    " installation, number, token, transactional_id, brokers, confirmed_age"
    " FROM tide._take_over($1, $2)"
)
INTENTS = "SELECT number, token, transactional_id, brokers, age, answer FROM tide._intents($1, $2)"


def _nothing() -> None:
    """A relay that leaves loses nothing."""


class Ownership:
    """The locks of one relay of a relay group, which may run these pipelines (none: all).

    Both callbacks run in the relay's loop: `lost` when all locks are gone; `looked` after each
    look, when what `holds` and `is_surplus` say may have changed.
    """

    def __init__(
        self,
        direct_url: str,
        name: str,
        lost: Callable[[], None],
        looked: Callable[[], None] = _nothing,
        relay_group: str = "default",
        pipelines: tuple[str, ...] = (),
    ) -> None:
        self.relay_id = uuid.uuid4()
        self._relay_group = relay_group
        self._known = self.relay_id, name, __version__, relay_group, pipelines
        self._lost = lost
        self._looked = looked
        self._relay_loop = asyncio.get_running_loop()
        self._connection = LockConnection(direct_url, name, self._opened, self._forget)
        self._wanted: frozenset[int] = frozenset()
        self._takes = False  # before it knows what there is
        self._hurries = self._hurried = False
        self._looking = asyncio.Lock()  # of the thread: a lock taken twice must be freed twice
        # Changed in the thread alone, by replacing them.
        self._locked: frozenset[int] = frozenset()
        self._surplus: frozenset[int] = frozenset()
        self._silent: frozenset[uuid.UUID] = frozenset()

    # Called in the relay's loop.

    async def start(self) -> None:
        """Connect, and keep connected; raises when the first connection cannot be had."""
        await self._connection.start(self._beat)

    async def begin(self) -> None:
        """Look at once for what is wanted from now on: it is new, and others look at once too.

        What was wanted before has time until the next look: relays that start together see each
        other by then, and share it.
        """
        if not self._hurries:
            self._takes = True
            with contextlib.suppress(PgTideError):
                await self._connection.there(self._connection.use(self._register))
            self._hurries = True

    def want(self, group_id: int) -> None:
        """Lock this group as soon as it is free and this relay's share."""
        self._wanted |= {group_id}
        self._take(any_now=True)
        if self._hurries and not self._hurried:
            self._hurried = True
            self._connection.soon(self._look_at_once())

    def holds(self, group_id: int) -> bool:
        """Whether this relay has the lock of a group."""
        return group_id in self._locked

    def is_surplus(self, group_id: int) -> bool:
        """Whether this relay has a group that another one should run."""
        return group_id in self._surplus

    def is_certain(self) -> bool:
        """Whether no other relay can have taken anything over since the last look.

        False after the process was frozen, before it knows what it lost.
        """
        return now() - self._connection.answered_at < CERTAIN

    async def acquire(self, group_id: int) -> Lease | None:
        """Take a group over if no other relay has it; None when one has.

        Raises TransientError `position_locked` where a session of somebody else's is in the way;
        the lock is kept then, as after any error but LeaseLost.
        """
        return await self._connection.there(self._acquire(group_id))

    async def release(self, group_id: int) -> None:
        """Let another relay have a group."""
        with contextlib.suppress(PgTideError):
            await self._connection.there(self._release(group_id))

    async def forget(self, group_id: int) -> None:
        """Let another relay have a group, and do not take it again."""
        self._wanted -= {group_id}
        await self.release(group_id)

    def leave(self) -> None:
        """Take no more, and let the others know; what is held stays until it is released."""
        self._take(any_now=False)

    def _take(self, *, any_now: bool) -> None:
        if self._takes != any_now:
            self._takes = any_now
            self._connection.soon(self._connection.use(self._register))

    async def stop(self) -> None:
        """Give every lock back and hang up."""
        self._lost = self._looked = _nothing
        goodbye = self._connection.ask("SELECT tide._unregister_relay($1)", self.relay_id)
        await self._connection.stop(goodbye)

    # Runs in the lock connection's thread.

    async def _opened(self, connection: Connection) -> None:
        if connection.server_version >= 14:
            await connection.script(f"SET idle_session_timeout = '{IDLE_LIMIT}'")
        await connection.value("SELECT tide._end_silent_relays($1)", self.relay_id)
        await self._register(connection)

    async def _register(self, connection: Connection) -> None:
        await connection.value(REGISTER, *self._known, self._takes)

    def _forget(self) -> None:
        self._locked = self._surplus = frozenset()
        self._relay_loop.call_soon_threadsafe(self._lost)

    async def _beat(self) -> float:
        async with self._looking:
            rows = await self._look()
            await self._end(frozenset(row[0] for row in rows if row[5]))
            await self._share(rows)
        return LOOK

    async def _look_at_once(self) -> None:
        """Look in between; who is silent is not judged by looks that follow one another so soon."""
        async with self._looking:
            self._hurried = False  # who wants something from now on may come too late for this
            with contextlib.suppress(PgTideError):  # the next look finds out what that means
                await self._share(await self._look())

    async def _look(self) -> list[Any]:
        return await self._connection.use(
            lambda connection: connection.rows(LOOK_AROUND, self._relay_group)
        )

    async def _end(self, silent: frozenset[uuid.UUID]) -> None:
        """End relays that are silent for the second look: at the first, all may just have woken."""
        if silent & self._silent - {self.relay_id}:
            await self._connection.ask("SELECT tide._end_silent_relays($1)", self.relay_id)
        self._silent = silent

    async def _share(self, rows: list[Any]) -> None:
        peers = [Peer(row[0], frozenset(row[1]), frozenset(row[2]), row[3], row[4]) for row in rows]
        await self._take_share(peers)
        self._relay_loop.call_soon_threadsafe(self._looked)

    async def _take_share(self, peers: list[Peer]) -> None:
        if (self.relay_id, self._takes) not in {(peer.relay_id, peer.takes) for peer in peers}:
            await self._connection.use(self._register)
            return
        planned = plan(peers)
        mine = {group for group, relay_id in planned.items() if relay_id == self.relay_id}
        taken = frozenset[int]().union(*(peer.runs for peer in peers))
        if free := (mine & self._wanted) - taken - self._locked:
            found = await self._connection.ask("SELECT tide._try_locks($1)", sorted(free))
            self._locked |= frozenset(found)
        self._surplus = self._locked & (planned.keys() - mine)

    async def _acquire(self, group_id: int) -> Lease | None:
        if group_id not in self._locked:
            if not await self._connection.ask("SELECT tide._try_lock($1)", group_id):
                return None
            self._locked |= {group_id}
        try:
            return await self._take_over(group_id)
        except LeaseLost:
            await self._release(group_id)
            raise
        except TransientError as error:
            if error.reason != "locked":
                raise
        await self._end_blocker(group_id)
        return await self._take_over(group_id)

    async def _take_over(self, group_id: int) -> Lease:
        async def take(connection: Connection) -> Lease:
            async with connection.transaction(lock_timeout=LOCK_TIMEOUT):
                row = await connection.row(TAKE_OVER, group_id, self.relay_id)
                if row is None:
                    raise LeaseLost(f"consumer group {group_id} could not be taken over")
                intents = await connection.rows(INTENTS, group_id, row["epoch"])
                return lease_of(group_id, row, intents)

        return await self._connection.use(take)

    async def _end_blocker(self, group_id: int) -> None:
        """End a frozen relay's transaction; TransientError when it is not a relay's."""
        holder = await self._connection.ask("SELECT tide._end_blocker($1)", group_id)
        if holder is not None:
            raise TransientError(
                f"the position of the consumer group is locked by {holder}",
                reason="position_locked",
                hint="End that transaction: COMMIT or ROLLBACK it there, or call "
                "pg_terminate_backend() with the number of the session.",
            )

    async def _release(self, group_id: int) -> None:
        if group_id not in self._locked:
            return
        self._locked -= {group_id}
        self._surplus -= {group_id}
        try:
            await self._connection.ask("SELECT tide._leave($1, $2)", group_id, self.relay_id)
            await self._connection.ask("SELECT tide._unlock($1)", group_id)
        except PgTideError:
            await self._connection.hang_up()  # else the lock stays, and nobody knows of it
            raise


def lease_of(group_id: int, row: Any, intents: Iterable[Any]) -> Lease:
    """A group as it was taken over, with the intents that are kept."""
    epoch, row_ctid, done, page, last_id, crashes, attempt_id, installation, *confirmed = row
    return Lease(
        group_id,
        epoch,
        row_ctid,
        Position(done, page, last_id),
        crashes,
        attempt_id,
        installation,
        tuple(intent_of(*intent) for intent in intents),
        confirmed_of(*confirmed),
    )


def confirmed_of(
    number: int, token: uuid.UUID | None, name: str, brokers: list[str], age: float
) -> Confirmed:
    """The last transaction that is known to be committed; all but its number is null for none."""
    if token is None:
        return Confirmed(number)
    return Confirmed(number, token, Identity(name, tuple(brokers)), age)


def intent_of(
    number: int, token: uuid.UUID, name: str, brokers: list[str], age: float, answer: bool | None
) -> Intent:
    """An intent as it stands in a row."""
    return Intent(number, token, Identity(name, tuple(brokers)), age, answer)
