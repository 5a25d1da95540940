"""What a relay holds in memory is void after a crash or a promotion; what is written is not."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.errors import LeaseLost
from pg_tide.outbox import Outbox
from tests.integration.rules.stage import Stage, drain, poll

LEASE = "  if not exists (\n      select from tide.lease l\n"
NO_LEASE = {LEASE: LEASE.replace("if not", "if false and not")}
FROM_A_SEQUENCE = {"gen_random_uuid()": "lpad(nextval('public.epochs')::text, 32, '0')::uuid"}
LAST_XID = "select max(xid::text::bigint) from tide.message"


async def connected_again(stage: Stage) -> Stage:
    """The stage after a crash: who was connected is so again, and the relay did not notice."""
    return stage._replace(db=await stage.connect(), keeper=await stage.connect())


async def crashed(stage: Stage, server: EmbeddedPostgres) -> Stage:
    """Crash the server and start it again."""
    server.crash()
    server.start()
    return await connected_again(stage)


async def deliver(stage: Stage, expected: list[int]) -> None:
    """Take over and deliver all there is, which is as expected."""
    reader = await stage.reader()
    assert await drain(reader) == expected
    await reader.commit(reader.position, len(expected), 0)


async def delivered_then_forgotten(stage: Stage) -> tuple[Outbox, int]:
    """Deliver a message whose commit is in memory alone; who did, and the message's xid."""
    reader = await stage.reader()
    await stage.db.execute("set synchronous_commit = off")
    await stage.db.execute("select pg_switch_wal()")  # full pages of WAL are written, if any
    message_id = await stage.publish()
    assert await poll(reader) == [message_id]
    return reader, await stage.db.fetchval(LAST_XID)


async def crash(stage: Stage, server: EmbeddedPostgres) -> tuple[Stage, Outbox, int]:
    """Crash after a message was delivered, and publish another under the same xid."""
    stage = await crashed(stage, server)  # a WAL writer sleeps 10 seconds from its start on
    reader, first_xid = await delivered_then_forgotten(stage)
    stage = await crashed(stage, server)
    message_id = await stage.publish()
    assert await stage.db.fetchval(LAST_XID) == first_xid
    return stage, reader, message_id


async def test_a_position_in_memory_is_void_after_a_crash(
    own_stage: Stage, own_server: EmbeddedPostgres
) -> None:
    """Transaction ids whose WAL was lost are drawn again.

    With the epoch in the logged row alone, what the new transactions publish looks delivered, and
    once that position is written it is lost for good. A crash empties the lease table.
    """
    stage, reader, message_id = await crash(own_stage, own_server)
    with pytest.raises(LeaseLost):
        await poll(reader)
    with pytest.raises(LeaseLost):
        await reader.commit(reader.position, 1, 0)
    await deliver(stage, [message_id])

    for function in ("_lease_floor", "_commit"):
        await stage.simplify(function, NO_LEASE)
    stage, reader, message_id = await crash(stage, own_server)
    assert await stage.db.fetchval("select max(id) from tide.message") == message_id
    assert await poll(reader) == []
    await reader.commit(reader.position, 1, 0)
    await deliver(stage, [])


async def test_a_logged_lease_does_not_notice_a_crash(
    own_stage: Stage, own_server: EmbeddedPostgres
) -> None:
    """The lease is a table of its own for this alone."""
    await own_stage.db.execute("alter table tide.lease set logged")
    _, reader, _ = await crash(own_stage, own_server)
    assert await poll(reader) == []


async def test_a_written_position_survives_a_crash(
    own_stage: Stage, own_server: EmbeddedPostgres
) -> None:
    """Written asynchronously it may be lost, but never says more than its WAL follows.

    Nor is it taken for one of another cluster.
    """
    reader = await own_stage.reader()
    first = await own_stage.publish()
    assert await poll(reader) == [first]
    await reader.commit(reader.position, 1, 0)
    await own_stage.publish()  # and all before it is flushed
    stage = await crashed(own_stage, own_server)
    await deliver(stage, [first + 1])


class Copy:
    """A copy of a crashed server's data, which can be put back: a standby without the tail."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server = server
        self._folder = folder

    def take(self) -> None:
        self._server.crash()
        self._copy(self._server.data, self._folder)
        self._server.start()

    def promote(self) -> None:
        self._server.crash()
        self._copy(self._folder, self._server.data)
        self._server.start()

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", source, target], check=True)


@pytest.fixture
def standby(own_server: EmbeddedPostgres) -> Iterator[Copy]:
    """Yield a standby of that server, and give its data back after the test."""
    with tempfile.TemporaryDirectory(dir=own_server.data.parent) as folder:
        yield Copy(own_server, Path(folder) / "data")


async def promoted(stage: Stage, standby: Copy) -> tuple[Stage, Outbox, int]:
    """Lose the tail with a take-over in it, and take over anew; the old reader, a new message."""
    standby.take()
    stage = await connected_again(stage)
    old, xid = await delivered_then_forgotten(stage)
    standby.promote()
    stage = await connected_again(stage)
    await stage.reader()
    message_id = await stage.publish()
    assert await stage.db.fetchval(LAST_XID) == xid
    return stage, old, message_id


async def test_an_epoch_is_never_drawn_again(own_stage: Stage, standby: Copy) -> None:
    """A sequence hands out the same number again where its tail was lost.

    The late write of a relay that took over in that tail then passes for the new owner's, and
    moves the position over a message that the new owner has yet to deliver.
    """
    stage, old, message_id = await promoted(own_stage, standby)
    with pytest.raises(LeaseLost):
        await old.commit(old.position, 1, 0)
    await deliver(stage, [message_id])

    await stage.db.execute("create sequence public.epochs")
    await stage.simplify("_take_over", FROM_A_SEQUENCE)
    stage, old, message_id = await promoted(stage, standby)
    await old.commit(old.position, 1, 0)
    await deliver(stage, [])
