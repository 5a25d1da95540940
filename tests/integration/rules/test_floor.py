"""Up to its floor a group has every message, and none can still appear there."""

import json

import pytest

from pg_tide.outbox import Outbox
from tests.fixtures.intents import PIPELINE, run_on
from tests.fixtures.sql import Connection
from tests.integration.rules.histories import FLOOR, SEEK, SORTED, WALKED, first_loss, write_on
from tests.integration.rules.stage import Stage, drain, poll

FIRST_PAGE = (
    "explain (analyze, buffers, format json) select w.* from tide.position p,"
    " tide._open_window(1, p.epoch, 1, '3:3:', 500, 1000000) as w"
)
HIGHEST = "select last_value from tide.message_id_seq"
FROM_XMAX = {
    "else pg_current_xact_id() end,\n        writer_xmin": (
        "else pg_snapshot_xmax(pg_current_snapshot()) end,\n        writer_xmin"
    )
}
ANY_XID = {"pg_catalog.pg_current_xact_id_if_assigned() is null": "true"}
ANY_CACHE = {
    "(pg_catalog.pg_sequence_parameters('tide.message_id_seq'::regclass)).cache_size = 1": "true"
}
NOT_RESET = {", floor_id = 0, next_floor_id = 0, next_floor_xid = null": ""}
NOT_RESET_BY_REBASE = {
    ",\n        floor_id = 0, next_floor_id = 0, next_floor_xid = null": "",
}
FEW = {"offset 20000": "offset 20"}
NEAR = {"limit 100000": "limit 100"}
IS_WALKED = "select tide._is_walked(1, $1::text::pg_snapshot, $2, 10)"


@pytest.fixture
async def walked(stage: Stage) -> Stage:
    """Return the stage, with windows read from the floor on however small they are."""
    await stage.simplify("_open_window", WALKED)
    return stage


async def pass_on(reader: Outbox) -> list[int]:
    """Deliver all there is, and write the position."""
    delivered = await drain(reader)
    await reader.commit(reader.position, len(delivered), 0)
    return delivered


async def settled_reader(stage: Stage) -> Outbox:
    """A reader whose next floor is drawn with each write."""
    reader = await stage.reader()
    for _ in range(2):
        await pass_on(reader)
    return reader


async def test_no_history_loses_a_message(walked: Stage) -> None:
    assert await first_loss(walked, 60) is None


async def test_none_does_where_later_pages_are_sorted(walked: Stage) -> None:
    await walked.simplify("_next_page", SORTED)
    assert await first_loss(walked, 30) is None


async def passed_by_others(stage: Stage) -> tuple[int, list[int]]:
    """Publish in a transaction that has an id above all that are over, and below none; its fate."""
    reader = await settled_reader(stage)
    early, late = await stage.connect(), await stage.connect()
    await early.execute("begin; select pg_current_xact_id()")
    await late.execute("begin")
    message_id = await stage.publish(by=late)
    await pass_on(reader)
    await early.execute("commit")
    for _ in range(2):
        await pass_on(reader)
    await late.execute("commit")
    return message_id, await drain(reader)


async def test_the_xmax_of_a_snapshot_is_too_low(walked: Stage) -> None:
    """It is the last transaction that is over, plus one: some above it may hold ids already."""
    message_id, delivered = await passed_by_others(walked)
    assert delivered == [message_id]
    await walked.simplify("_commit", FROM_XMAX)
    _, delivered = await passed_by_others(walked)
    assert delivered == []


async def written_late(stage: Stage) -> tuple[int, list[int]]:
    """Publish while a write is under way that has its xid already; the message's fate."""
    reader = await settled_reader(stage)
    writer, publisher = await stage.connect(), await stage.connect()
    await writer.execute("begin; select pg_current_xact_id()")
    await publisher.execute("begin")
    message_id = await stage.publish(by=publisher)
    await drain(reader)
    await write_on(writer, reader)
    await writer.execute("commit")
    for _ in range(2):
        await pass_on(reader)
    await publisher.execute("commit")
    return message_id, await drain(reader)


async def test_an_xid_drawn_before_the_sequence_is_read_is_too_low(walked: Stage) -> None:
    message_id, delivered = await written_late(walked)
    assert delivered == [message_id]
    await walked.simplify("_next_floor", ANY_XID)
    _, delivered = await written_late(walked)
    assert delivered == []


async def test_a_seek_goes_below_the_floor(walked: Stage) -> None:
    published = [await walked.publish() for _ in range(3)]
    assert await pass_on(await settled_reader(walked)) == []
    assert await walked.db.fetchval(FLOOR) == published[-1]
    await walked.db.execute(SEEK)
    assert await drain(await walked.reader()) == published
    await walked.simplify("_apply_seek", NOT_RESET)
    await pass_on(await settled_reader(walked))
    await walked.db.execute(SEEK)
    assert await drain(await walked.reader()) == []


async def test_a_rebase_goes_below_the_floor(walked: Stage) -> None:
    published = [await walked.publish() for _ in range(3)]
    await pass_on(await settled_reader(walked))
    await walked.db.execute("select tide._rebase_position(1, '3:3:')")
    assert await drain(await walked.reader()) == published
    await walked.simplify("_rebase_position", NOT_RESET_BY_REBASE)
    await pass_on(await settled_reader(walked))
    await walked.db.execute("select tide._rebase_position(1, '3:3:')")
    assert await drain(await walked.reader()) == []


async def drawn_ahead(stage: Stage) -> tuple[int, list[int]]:
    """Publish with an id that the session drew with an earlier one; the message's fate."""
    reader = await settled_reader(stage)
    publisher = await stage.connect()
    await stage.publish(by=publisher)
    for _ in range(3):
        await pass_on(reader)
    return await stage.publish(by=publisher), await drain(reader)


async def test_no_floor_rises_where_ids_are_drawn_ahead(walked: Stage) -> None:
    """Somebody who gives the sequence a cache does not lose messages by it."""
    await walked.db.execute("alter sequence tide.message_id_seq cache 10")
    message_id, delivered = await drawn_ahead(walked)
    assert delivered == [message_id]
    await walked.simplify("_next_floor", ANY_CACHE)
    _, delivered = await drawn_ahead(walked)
    assert delivered == []


async def test_the_first_window_of_an_owner_leaves_its_floor_behind_it(stage: Stage) -> None:
    """Whoever drained a long outage does not walk over all of it again for the next window."""
    published = [await stage.publish() for _ in range(3)]
    reader = await stage.reader()
    assert await pass_on(reader) == published
    assert await stage.db.fetchval(FLOOR) == published[-1]


async def test_the_floor_follows_confirmed_transactions(stage: Stage) -> None:
    await stage.db.execute(PIPELINE)
    run = await run_on(stage)
    for number in range(1, 4):
        await run.publish_and_intend(number)
        await run.ledger.confirm(number)
    assert await stage.db.fetchval(FLOOR) == await stage.db.fetchval(HIGHEST) - 1


async def publish(by: Connection, count: int) -> list[int]:
    """Publish many; their ids."""
    await by.execute(
        "select tide.outbox_publish_many('orders', array_fill('1'::jsonb, array[$1::int]))", count
    )
    last: int = await by.fetchval(HIGHEST)
    return list(range(last - count + 1, last + 1))


async def test_only_a_large_window_that_begins_near_is_walked(stage: Stage) -> None:
    await stage.simplify("_is_large", FEW)
    await stage.simplify("_is_walked", NEAR)
    delivered = await publish(stage.db, 200)
    done = await stage.db.fetchval("select pg_current_snapshot()::text")
    await publish(stage.db, 20)
    near, far = delivered[-50], delivered[0]
    assert not await stage.db.fetchval(IS_WALKED, done, near)
    await publish(stage.db, 1)
    assert await stage.db.fetchval(IS_WALKED, done, near)
    assert not await stage.db.fetchval(IS_WALKED, done, far)
    assert await stage.db.fetchval(IS_WALKED, "3:3:", 0)


async def blocks_of_first_page(db: Connection) -> int:
    """How many blocks are read for the first page of all there is."""
    plan = json.loads(await db.fetchval(FIRST_PAGE))[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_the_first_page_of_a_backlog_does_not_read_all_of_it(stage: Stage) -> None:
    """How many blocks it reads depends no more on how many messages wait."""
    await stage.reader()
    await publish(stage.db, 30_000)
    await blocks_of_first_page(stage.db)  # what is read of the catalogue stays in memory
    few = await blocks_of_first_page(stage.db)
    await publish(stage.db, 30_000)
    assert await blocks_of_first_page(stage.db) < few + 50
    await stage.simplify("_open_window", {" > 20000\n": " > 90000\n"})
    await blocks_of_first_page(stage.db)
    assert await blocks_of_first_page(stage.db) > few + 300


async def test_a_large_window_has_what_was_open_for_long(stage: Stage) -> None:
    """Its messages come first, though the floor was above all the others that are delivered."""
    late = await stage.connect()
    await late.execute("begin")
    first = await stage.publish(by=late)
    reader = await settled_reader(stage)
    assert await pass_on(reader) == []
    await publish(stage.db, 300)
    assert len(await pass_on(reader)) == 300
    waiting = await publish(stage.db, 20_001)
    await late.execute("commit")
    assert await stage.db.fetchval(FLOOR) < first
    assert await poll(reader, 2) == [first, waiting[0]]
    assert await drain(reader, 5000) == waiting[1:]


async def test_few_messages_with_delivered_ones_between_are_sorted(stage: Stage) -> None:
    """A transaction that was open for long brings more than a page of messages, far behind."""
    await stage.simplify("_is_large", FEW)
    late = await stage.connect()
    await late.execute("begin")
    early = await publish(late, 15)
    delivered = await publish(stage.db, 200)
    reader = await stage.reader()
    assert await pass_on(reader) == delivered
    done = reader.position.done
    await late.execute("commit")
    is_sparse = "select tide._is_sparse(1, $1::text::pg_snapshot, $2, $3)"
    assert await stage.db.fetchval(is_sparse, done, early[9], 10)
    assert not await stage.db.fetchval(is_sparse, done, early[1], 2)
    await publish(stage.db, 6)
    assert not await stage.db.fetchval(is_sparse, done, early[9], 10)
