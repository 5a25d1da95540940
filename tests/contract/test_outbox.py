"""What an outbox promises to the pipeline."""

import random

import pytest

from pg_tide.errors import LeaseLost
from pg_tide.message import Batch
from pg_tide.position import Position
from tests.contract.outboxes import FakePlace, Place, Publisher, Reader

BIG = 10_000_000  # bytes


async def publish(place: Place, count: int = 1) -> list[int]:
    """Publish messages, each in a transaction of its own."""
    published = []
    for _ in range(count):
        publisher = await place.begin()
        published.append(await publisher.publish())
        await publisher.commit()
    return published


async def poll(reader: Reader, max_messages: int = 100, max_bytes: int = BIG) -> list[int]:
    """The ids of the next page."""
    return [message.id for message in (await reader.poll(max_messages, max_bytes)).messages]


async def drain(reader: Reader) -> list[int]:
    """The ids of all pages to come, in order."""
    found: list[int] = []
    while page := await poll(reader):
        found += page
    return found


async def test_an_empty_outbox_has_an_empty_page(place: Place) -> None:
    reader = await place.reader()
    batch = await reader.poll(10, BIG)
    assert (list(batch.messages), batch.size, batch.full) == ([], 0, False)
    assert batch.end == reader.position
    assert batch.end.page is None


async def test_a_message_is_as_it_was_published(place: Place) -> None:
    publisher = await place.begin()
    first = await publisher.publish(b'{"a": 1}', key="k", headers={"h": "v"})
    second = await publisher.publish(None, op="delete")
    await publisher.commit()
    one, two = (await (await place.reader()).poll(10, BIG)).messages
    assert (one.id, two.id) == (first, second)
    assert (one.outbox, one.source, one.op, one.key, one.dedup_key, one.before) == (
        "orders", None, "insert", "k", None, None,
    )  # fmt: skip
    assert (one.payload, one.is_json, one.headers) == (b'{"a": 1}', True, {"h": "v"})
    assert (two.payload, two.is_json, two.headers, two.key, two.op) == (
        None, True, None, None, "delete",
    )  # fmt: skip
    assert 1_700_000_000_000_000 < one.published_at_us <= two.published_at_us


async def test_messages_come_in_the_order_of_their_ids(place: Place) -> None:
    first, second = await place.begin(), await place.begin()
    ids = [await first.publish(), await second.publish(), await first.publish()]
    await second.commit()
    await first.commit()
    assert await poll(await place.reader()) == ids == sorted(ids)


async def test_an_open_transaction_delays_nobody(place: Place) -> None:
    reader = await place.reader()
    late = await place.begin()
    late_id = await late.publish()
    published = await publish(place, 2)
    assert await poll(reader) == published
    assert await poll(reader) == []
    await late.commit()
    assert await poll(reader) == [late_id]
    assert await poll(reader) == []


async def test_what_was_rolled_back_never_comes(place: Place) -> None:
    publisher = await place.begin()
    rolled_back = await publisher.publish()
    await publisher.rollback()
    published = await publish(place)
    assert published[0] > rolled_back
    assert await drain(await place.reader()) == published


async def test_pages_are_cut_by_count(place: Place) -> None:
    published = await publish(place, 5)
    reader = await place.reader()
    batches = [await reader.poll(2, BIG) for _ in range(3)]
    assert [[message.id for message in batch.messages] for batch in batches] == [
        published[:2],
        published[2:4],
        published[4:],
    ]
    assert [batch.full for batch in batches] == [True, True, False]
    assert all(batch.size > 0 for batch in batches)


async def test_pages_are_cut_by_bytes_and_have_one_message_at_least(place: Place) -> None:
    published = await publish(place, 3)
    reader = await place.reader()
    for message_id in published:
        batch = await reader.poll(100, 1)
        assert [message.id for message in batch.messages] == [message_id]
        assert batch.full
    assert not (await reader.poll(100, 1)).messages


@pytest.mark.parametrize("limits", [(0, BIG), (-1, -1), (1, 0)])
async def test_no_limit_is_so_small_that_nothing_comes(
    place: Place, limits: tuple[int, int]
) -> None:
    published = await publish(place, 2)
    reader = await place.reader()
    assert [await poll(reader, *limits) for _ in range(3)] == [published[:1], published[1:], []]


async def test_what_commits_after_a_window_was_taken_comes_after_it(place: Place) -> None:
    reader = await place.reader()
    late = await place.begin()
    late_id = await late.publish()
    published = await publish(place, 3)
    assert await poll(reader, 2) == published[:2]
    await late.commit()
    later = await publish(place)
    assert await drain(reader) == [*published[2:], late_id, *later]


async def test_an_empty_page_says_that_there_is_nothing(place: Place) -> None:
    """Also when it follows a page that was just full, and others published since."""
    published = await publish(place, 2)
    reader = await place.reader()
    assert await poll(reader, 2) == published
    later = await publish(place)
    assert await poll(reader, 2) == later


async def test_the_next_owner_goes_on_from_what_is_written(place: Place) -> None:
    published = await publish(place, 3)
    reader = await place.reader()
    first = await reader.poll(1, BIG)
    await reader.poll(1, BIG)
    await reader.commit(first.end, 1, 0)
    assert await place.written() == (first.end, 1, 0)
    assert await drain(await place.reader()) == published[1:]


async def test_counts_add_up(place: Place) -> None:
    await publish(place, 5)
    reader = await place.reader()
    for _ in range(2):
        await reader.commit((await reader.poll(2, BIG)).end, 1, 1)
    assert (await place.written())[1:] == (2, 2)


async def test_a_window_left_open_is_read_to_its_end_by_the_next_owner(place: Place) -> None:
    late = await place.begin()
    late_id = await late.publish()
    published = await publish(place, 3)
    reader = await place.reader()
    await reader.commit((await reader.poll(1, BIG)).end, 1, 0)
    await late.commit()
    later = await publish(place)
    assert await drain(await place.reader()) == [*published[1:], late_id, *later]


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_a_batch_may_be_cut_before_any_message(place: Place, index: int) -> None:
    published = await publish(place, 3)
    reader = await place.reader()
    part = (await reader.poll(10, BIG)).before(index)
    assert [message.id for message in part.messages] == published[:index]
    await reader.commit(part.end, index, 0)
    assert await drain(await place.reader()) == published[index:]


async def test_nothing_is_read_or_written_without_the_lease(place: Place) -> None:
    published = await publish(place)
    old = await place.reader()
    batch = await old.poll(10, BIG)
    new = await place.reader()
    with pytest.raises(LeaseLost):
        await old.poll(10, BIG)
    with pytest.raises(LeaseLost):
        await old.commit(batch.end, 1, 0)
    assert await poll(new) == published
    assert (await place.written())[1] == 0


async def test_the_lowest_open_transaction_is_known(place: Place) -> None:
    reader = await place.reader()
    publisher = await place.begin()
    await publisher.publish()
    await publish(place)
    await reader.poll(10, BIG)
    assert reader.snapshot_xmin == await publisher.xid()
    xid = await publisher.xid()
    await publisher.commit()
    await reader.poll(10, BIG)
    assert reader.snapshot_xmin > xid


async def told(place: Place, seed: int) -> list[list[int]]:
    """What a reader is told in a random history that depends on the seed alone."""
    chance = random.Random(seed)
    reader, pages = await place.reader(), list[list[int]]()
    batches: list[Batch] = []
    publishers: list[Publisher | None] = [None] * 4
    for _ in range(120):
        who = chance.randrange(4)
        action = chance.choice(["publish"] * 4 + ["commit", "commit", "rollback", "poll", "poll"])
        if action == "publish":
            publishers[who] = publisher = publishers[who] or await place.begin()
            for _ in range(chance.randint(1, 3)):
                await publisher.publish()
        elif action == "poll":
            batches.append(await reader.poll(chance.randint(1, 6), BIG))
            pages.append([message.id for message in batches[-1].messages])
            if chance.random() < 0.2:
                await reader.commit(chance.choice(batches).end, 0, 0)
                reader, batches = await place.reader(), []
        elif (ending := publishers[who]) is not None:
            await (ending.commit() if action == "commit" else ending.rollback())
            publishers[who] = None
    for left in publishers:
        if left is not None:
            await left.commit()
    return [*pages, await drain(reader)]


@pytest.mark.parametrize("seed", range(3))
async def test_any_history_reads_as_it_does_in_memory(postgres_place: Place, seed: int) -> None:
    assert await told(postgres_place, seed) == await told(FakePlace(), seed)


async def test_a_position_is_complete(place: Place) -> None:
    """It is a value: whoever has it, and the lease, reads on from there."""
    await publish(place, 2)
    reader = await place.reader()
    batch = await reader.poll(1, BIG)
    assert isinstance(batch.end, Position)
    assert batch.window.start == Position(batch.end.done)
    assert batch.end == batch.window.until(batch.messages[-1].id)
