"""A plan is kept only where there is one outbox: one for all would lock the tables of all."""

import asyncio

import pytest

from tests.integration.rules.stage import Stage, drain, poll

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


async def test_an_outbox_that_is_being_created_delays_nobody(stage: Stage) -> None:
    reader = await stage.reader()
    for _ in range(KEPT):
        await stage.publish()
        await drain(reader)
    creator = await stage.connect()
    async with creator.transaction():
        await creator.execute("select tide.outbox_create('returns')")
        published = await stage.publish()
        async with asyncio.timeout(5):
            assert await poll(reader) == [published]
    published = await stage.publish()
    assert await drain(reader) == [published]


async def test_a_plan_that_is_kept_follows_the_slots(stage: Stage) -> None:
    """What it was made of grows, is truncated, and others take its place."""
    reader = await stage.reader()
    for slot in (1, 2, 3, 0, 1):
        published = [await stage.publish() for _ in range(KEPT)]
        assert await drain(reader) == published
        await stage.db.execute("update tide.outbox set current_slot = $1 where id = 1", slot)
