"""A plan is kept only where there is one outbox: one for all would lock the tables of all."""

import asyncio

import pytest

from tests.integration.rules.stage import Stage, poll

ONLY = {"tide._is_only_outbox()": "true"}
LOCK = "lock table tide.message_2 in access exclusive mode"
KEPT = 10  # polls by which a plan for all would be there


async def test_a_lock_on_another_outbox_delays_nobody_here(stage: Stage) -> None:
    """As when it is altered or dropped in a transaction that is left open."""
    reader = await stage.reader()
    for _ in range(KEPT):
        published = await stage.publish()
        assert await poll(reader) == [published]
    await stage.db.execute("select tide.outbox_create('returns')")
    holder = await stage.connect()
    async with holder.transaction():
        await holder.execute(LOCK)
        published = await stage.publish()
        async with asyncio.timeout(5):
            assert await poll(reader) == [published]
        await stage.simplify("_open_window", ONLY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await poll(reader)
