"""Whoever publishes while the relay sleeps wakes it, and nobody else pays for that."""

import asyncio

import asyncpg
import pytest

from tests.integration.rules.ear import Ear
from tests.integration.rules.stage import PASS_GATE, Gate, Stage, drain

ONE = "select tide.outbox_publish('orders', '1', headers => '{\"a\": \"b\"}')"
MANY = "select tide.outbox_publish_many('orders', '{1}', headers => array['{\"a\": \"b\"}'::jsonb])"
SLOW_CHECK = {
    "language sql immutable": "language plpgsql volatile",
    "  select jsonb_typeof": f"begin {PASS_GATE} return jsonb_typeof",
    """"string")')\n""": """"string")'); end\n""",
}
FLAG = "pg_sequence_last_value(wake) > extract(epoch from clock_timestamp())"
FIRST_CHECK = "  if target is null or op is null or op = '' or headers is not null"
FLAG_FIRST = {
    "  wake      regclass;\n": "  wake regclass; asked boolean;\n",
    FIRST_CHECK: f"  asked := {FLAG};\n{FIRST_CHECK}",
    "  if pg_sequence_last_value(wake) > 0 then\n": "  if asked then\n",
    f"    if {FLAG}": "    if asked",
}
FLAG_FIRST_OF_MANY = {
    "  written   int;\n": "  written int; asked boolean;\n",
    "  perform tide._check_arrays(": f"  asked := {FLAG};\n  perform tide._check_arrays(",
    f"written > 0 and {FLAG}": "written > 0 and asked",
}
FOR_EVER = {FLAG: "pg_sequence_last_value(wake) > 0"}
SECONDS_LEFT = (
    "select pg_sequence_last_value(wake_sequence) - extract(epoch from clock_timestamp())::bigint"
    " from tide.outbox where id = 1"
)


@pytest.fixture
async def ear(own_stage: Stage) -> Ear:
    """Return an ear that listens."""
    return await Ear().listen(own_stage)


async def fall_asleep(stage: Stage) -> bool:
    """Raise the flag, draw an xid, and poll; whether everybody is over who had one before."""
    async with stage.postgres.transaction() as connection:
        assert await connection.value("select tide._raise_flags('{1}', 30)")
    async with stage.postgres.transaction() as connection:
        drawn = int(await connection.value("select tide._draw_xid()::text"))
    reader = await stage.reader()
    await drain(reader)
    return reader.snapshot_xmin > drawn


@pytest.mark.parametrize(
    ("function", "publish", "flag_first"),
    [
        ("outbox_publish", ONE, FLAG_FIRST),
        ("outbox_publish_many", MANY, FLAG_FIRST_OF_MANY),
    ],
)
async def test_publish_reads_the_flag_after_it_inserted(
    own_stage: Stage, ear: Ear, function: str, publish: str, flag_first: dict[str, str]
) -> None:
    """A publisher that looks before it inserts has no xid while it holds an old answer.

    The relay sees nobody left that could have missed the flag, falls asleep, and nobody wakes it.
    """

    async def published_while_it_fell_asleep() -> list[str]:
        gate = Gate(await own_stage.connect())
        publisher = await own_stage.connect()
        await own_stage.db.execute("select tide._lower_flags('{1}')")
        await gate.close()
        publishing = asyncio.create_task(publisher.execute(publish))
        await gate.reached()
        assert await fall_asleep(own_stage)
        await ear.heard(own_stage)
        await gate.open()
        await publishing
        return await ear.heard(own_stage)

    await own_stage.simplify("_are_headers", SLOW_CHECK)
    assert await published_while_it_fell_asleep() == ["1"]
    await own_stage.simplify(function, flag_first)
    assert await published_while_it_fell_asleep() == []


async def test_a_flag_is_a_deadline(own_stage: Stage, ear: Ear) -> None:
    """Who raised it may be dead.

    A flag that only says yes has every transaction notify from then on, at a multiple of its cost.
    """
    await own_stage.db.execute("select tide._raise_flags('{1}', 30)")
    assert await own_stage.db.fetchval(SECONDS_LEFT) in (29, 30, 31)
    await own_stage.publish()
    assert await ear.heard(own_stage) == ["1"]
    await own_stage.db.execute("select tide._raise_flags('{1}', -1)")
    await own_stage.publish()
    assert await ear.heard(own_stage) == []
    await own_stage.simplify("outbox_publish", FOR_EVER)
    await own_stage.publish()
    assert await ear.heard(own_stage) == ["1"]


async def test_a_flag_is_never_raised_where_transactions_may_be_prepared(stage: Stage) -> None:
    """A transaction that notified cannot be prepared."""
    if await stage.db.fetchval("select current_setting('max_prepared_transactions') = '0'"):
        pytest.skip("max_prepared_transactions is 0 on this server")

    async def prepared(name: str) -> None:
        assert await stage.db.fetchval("select tide._raise_flags('{1}', 30)") is (name == "simpler")
        publisher = await stage.connect()
        await publisher.execute("begin")
        await stage.publish(by=publisher)
        await publisher.execute(f"prepare transaction '{stage.postgres.url[-20:]}'")
        await publisher.execute(f"rollback prepared '{stage.postgres.url[-20:]}'")

    await prepared("real")
    await stage.simplify("_raise_flags", {"::int > 0 then": "::int < 0 then"})
    with pytest.raises(asyncpg.FeatureNotSupportedError, match="PREPARE"):
        await prepared("simpler")
