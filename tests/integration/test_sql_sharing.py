"""What relays see of each other, and what becomes of a group whose relay is gone."""

import asyncio
import uuid
from typing import Any

import pytest

from tests.fixtures.sql import Connect, Connection
from tests.integration.rules.stage import simpler, until, until_blocked

CONFIG = '{"brokers": "localhost:9092", "topic": "order-events"}'
REGISTER = "select tide._register_relay($1, $2, '1', $3, $4, $5)"
REPORT = "select tide._report_state(1, $1, epoch => $2)"
CRASHES = "select crashes from tide.position where group_id = 1"
SEEK = "select tide.consumer_group_seek('orders', 'p', 'latest')"
GONE = "not exists (select from pg_stat_activity where pid = $1)"
SILENT = {"clock_timestamp() - interval '10 seconds'": "clock_timestamp() + interval '1 second'"}


class Relay:
    """A relay's lock connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.id = uuid.uuid4()

    async def register(
        self, group: str | None = "default", only: tuple[str, ...] = (), *, takes: bool = True
    ) -> None:
        await self.connection.execute(REGISTER, self.id, "a relay", group, list(only), takes)

    async def look(self, group: str = "default") -> dict[uuid.UUID, dict[str, Any]]:
        rows = await self.connection.fetch("select * from tide._look($1)", group)
        return {row["relay_id"]: dict(row) for row in rows}

    async def take_over(self) -> dict[str, Any]:
        assert await self.connection.fetchval("select tide._try_locks('{1}')") == [1]
        row = await self.connection.fetchrow("select * from tide._take_over(1, $1)", self.id)
        assert row is not None
        return dict(row)

    async def crash(self, db: Connection) -> None:
        pid = self.connection.get_server_pid()
        await self.connection.close()
        await until(db, GONE, pid)

    async def give(self) -> None:
        await self.connection.execute("select tide._leave(1, $1)", self.id)
        await self.connection.execute("select tide._unlock(1)")


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a connection to a database with an outbox and pipelines p and q, q in group blue."""
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'p', $1)", CONFIG)
    await db.execute("select tide.relay_set_outbox('r', 'orders', 'r', $1)", CONFIG)
    blue = '{"brokers": "localhost:9092", "topic": "t", "relay_group": "blue"}'
    await db.execute("select tide.relay_set_outbox('q', 'orders', 'q', $1)", blue)
    return db


@pytest.fixture
async def relays(connect: Connect) -> tuple[Relay, Relay]:
    """Return two relays of group default."""
    both = Relay(await connect()), Relay(await connect())
    for one in both:
        await one.register()
    return both


async def test_relays_see_each_other(orders: Connection, connect: Connect) -> None:
    first, second, blue = [Relay(await connect()) for _ in range(3)]
    await first.register()
    await second.register(only=("r", "q", "nothing"), takes=False)
    await blue.register("blue")
    await first.take_over()
    seen = await second.look()
    assert seen.keys() == {first.id, second.id}
    assert (sorted(seen[first.id]["may"]), seen[second.id]["may"]) == ([1, 2], [2])
    assert (seen[first.id]["runs"], seen[second.id]["runs"]) == ([1], [])
    assert (seen[first.id]["takes"], seen[second.id]["takes"]) == (True, False)
    assert not seen[first.id]["settled"]
    assert not seen[first.id]["silent"]
    await orders.execute(simpler("functions/_look.sql", {"interval '2 seconds'": "interval '0'"}))
    assert (await first.look())[second.id]["settled"]
    assert (await blue.look("blue"))[blue.id]["may"] == [3]
    await orders.execute("select tide.relay_disable('r')")
    assert (await first.look())[second.id]["may"] == []


async def test_who_leaves_keeps_the_time_when_it_came(orders: Connection, connect: Connect) -> None:
    relay = Relay(await connect())
    await relay.register()
    since = await orders.fetchval("select started_at from tide.relay_process")
    await relay.register(takes=False)
    assert await orders.fetchval("select started_at from tide.relay_process") == since


async def test_a_crash_is_what_ends_without_giving_back(
    orders: Connection, relays: tuple[Relay, Relay]
) -> None:
    first, second = relays
    assert (await first.take_over())["crashes"] == 0
    await first.give()
    assert await orders.fetchval("select count(*) from tide.lease") == 0
    assert (await second.take_over())["crashes"] == 0
    assert (await second.take_over())["crashes"] == 0, "its own lease is no crash"
    for _ in range(2):
        await second.connection.execute("select tide._unlock(1)")
    assert (await first.take_over())["crashes"] == 0, "the other one lives"


async def test_crashes_are_counted_until_the_position_moves(
    orders: Connection, relays: tuple[Relay, Relay], connect: Connect
) -> None:
    first, second = relays
    await first.take_over()
    await first.crash(orders)
    row = await second.take_over()
    assert (row["crashes"], row["attempt_id"]) == (1, None)
    await second.crash(orders)
    third = Relay(await connect())
    await third.register()
    row = await third.take_over()
    assert row["crashes"] == 2
    await orders.execute(
        "select tide._commit(1, $1, $2, '3:3:', null, 0, 0, 0)", row["epoch"], row["row_ctid"]
    )
    assert await orders.fetchval(CRASHES) == 0


async def test_a_lease_that_a_crash_of_postgres_emptied_tells_of_no_crash_of_a_relay(
    orders: Connection, relays: tuple[Relay, Relay]
) -> None:
    first, second = relays
    await first.take_over()
    await orders.execute("truncate tide.lease")
    await first.crash(orders)
    assert (await second.take_over())["crashes"] == 0


async def test_only_the_owner_says_how_it_is(
    orders: Connection, relays: tuple[Relay, Relay]
) -> None:
    """A relay that was taken for dead would tell of what it had."""
    first, second = relays
    assert await orders.fetchval(REPORT, "failed", None), "nobody holds it"
    old = (await first.take_over())["epoch"]
    assert await orders.fetchval(REPORT, "running", old)
    assert not await orders.fetchval(REPORT, "retrying", None)
    await first.crash(orders)
    new = (await second.take_over())["epoch"]
    assert not await orders.fetchval(REPORT, "retrying", old)
    assert await orders.fetchval("select state from tide.pipeline_state") == "running"
    assert await orders.fetchval(REPORT, "halted", new)
    await orders.execute("truncate tide.lease")
    assert not await orders.fetchval(REPORT, "running", new)


async def test_who_reports_waits_for_who_takes_over(
    orders: Connection, relays: tuple[Relay, Relay], connect: Connect
) -> None:
    """Looked at without a lock, the epoch is still the old one, and the new owner's state goes."""
    first, second = relays
    old = (await first.take_over())["epoch"]
    await first.crash(orders)
    await second.connection.execute("begin")
    await second.take_over()
    reporter = await connect()
    waiting = asyncio.ensure_future(reporter.fetchval(REPORT, "retrying", old))
    await until_blocked(orders, reporter.get_server_pid())
    await second.connection.execute("commit")
    assert not await waiting


async def test_a_silent_relay_is_ended_by_another(
    orders: Connection, relays: tuple[Relay, Relay]
) -> None:
    first, second = relays
    await first.take_over()
    assert await second.connection.fetchval("select tide._end_silent_relays($1)", second.id) == 0
    text = simpler("functions/_is_silent.sql", SILENT)
    await orders.execute(text)
    assert (await second.look())[first.id]["silent"]
    assert await second.connection.fetchval("select tide._end_silent_relays($1)", second.id) == 1
    await until(orders, GONE, first.connection.get_server_pid())
    assert (await second.take_over())["crashes"] == 1


async def test_who_connects_anew_ends_its_earlier_connection(
    orders: Connection, connect: Connect
) -> None:
    old, new = Relay(await connect()), Relay(await connect())
    new.id = old.id
    await old.register()
    await old.take_over()
    assert await new.connection.fetchval("select tide._end_silent_relays($1)", new.id) == 1
    await until(orders, GONE, old.connection.get_server_pid())
    await new.register()
    assert await new.connection.fetchval("select tide._end_silent_relays($1)", new.id) == 0
    assert (await new.take_over())["crashes"] == 0


async def test_a_relay_in_the_way_is_ended_and_nobody_else(
    orders: Connection, connect: Connect
) -> None:
    blocker = await connect()
    end = "select tide._end_blocker(1)"
    assert await orders.fetchval(end) is None, "nobody is in the way"
    await blocker.execute("begin")
    await blocker.execute(SEEK)
    words: str = await orders.fetchval(end)
    assert words.startswith(f"session {blocker.get_server_pid()} (")
    await blocker.execute("set application_name = 'pg-tide pool'")
    assert await orders.fetchval(end) is None
    await until(orders, GONE, blocker.get_server_pid())


async def test_a_relay_of_another_role_is_not_ended(orders: Connection, connect: Connect) -> None:
    blocker = await connect()
    await blocker.execute("set application_name = 'pg-tide pool'")
    await blocker.execute("begin")
    await blocker.execute(SEEK)
    await orders.execute("set role tide_relay")
    words: str = await orders.fetchval("select tide._end_blocker(1)")
    assert words.startswith(f"session {blocker.get_server_pid()} (pg-tide pool of ")
    await blocker.execute("rollback")
