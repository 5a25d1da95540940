"""A sweep waits for nobody, so nobody waits for it; and takes no message that somebody awaits."""

import asyncio

import pytest

from tests.fixtures.sql import Connection, refusal
from tests.integration.rules.stage import (
    PASS_GATE,
    Gate,
    Stage,
    drain,
    poll,
    until,
    until_blocked,
)

SWEEP = "select tide.outbox_sweep('orders')"
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
WAITS = {"in access exclusive mode nowait": "in access exclusive mode"}
SLOW_VERDICT = {
    "as $$\nbegin\n  return ": "as $$\ndeclare verdict boolean;\nbegin\n  verdict := ",
    "slot);\nend $$;": f"slot); {PASS_GATE} return verdict;\nend $$;",
}
AGAIN = "what was published meanwhile.\n  if not tide._slot_is_over(outbox_id, slot) then"
NOT_AGAIN = {AGAIN: "\n  if false then"}
ANY_ISOLATION = {"<> 'read committed'": "= 'none'"}
NOBODY = {"    ) or reader.seek_request is not null then": "    ) and false then"}
NO_SEEK = {"    ) or reader.seek_request is not null then": "    ) then"}


@pytest.fixture
async def late(stage: Stage) -> Connection:
    """Return a publisher whose open transaction published to a slot that is otherwise over.

    Its message is the second; the first one was delivered, and the ring has turned since.
    """
    await stage.db.execute("select tide.outbox_alter('orders', 0)")
    reader = await stage.reader()
    await stage.publish()
    publisher = await stage.connect()
    await publisher.execute("begin")
    await stage.publish(by=publisher)
    assert await drain(reader) == [1]
    await reader.commit(reader.position, 1, 0)
    assert await stage.db.fetchval(SWEEP) == 0
    assert await stage.db.fetchval("select current_slot from tide.outbox") == 1
    return publisher


async def blocked_by_a_sweep(stage: Stage) -> bool:
    """Sweep and poll; whether the poll has to wait for the sweep."""
    sweeper, reader = await stage.connect(), await stage.reader()
    sweeping = asyncio.create_task(sweeper.fetchval(SWEEP))
    pid = sweeper.get_server_pid()
    waits = f"exists (select from pg_stat_activity where {pid} = any (pg_blocking_pids(pid)))"
    await until(stage.db, f"(select state = 'idle' or wait_event_type = 'Lock'"
                f" from pg_stat_activity where pid = {pid})")
    polling = asyncio.create_task(poll(reader))
    await asyncio.wait({polling, asyncio.create_task(until(stage.db, waits))},
                       return_when=asyncio.FIRST_COMPLETED)
    blocked = not polling.done()
    return blocked
