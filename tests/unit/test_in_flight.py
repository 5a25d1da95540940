"""The position moves over the batches at the front that have their end, and never past another."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pg_tide.buffer import Buffer
from pg_tide.delivery import Delivery
from pg_tide.errors import MessageError
from pg_tide.in_flight import Entry, InFlight
from pg_tide.message import Batch, Message, Record, Records, Rejected
from pg_tide.position import Position, Snapshot, Window

WINDOW = Window(Position(Snapshot("3:3:")), Snapshot("9:9:"))
ROOM = 1000  # bytes


def batch(number: int, messages: int = 1, size: int = 10) -> Batch:
    """A batch whose position names it."""
    held = [Message(number, "o", None, "i", None, None, None, None, True, None, 0)] * messages
    return Batch(held, WINDOW, WINDOW.until(number), size)


class Line:
    """A pipeline's line of batches."""

    def __init__(self, room: int = ROOM, max_messages: int = 10) -> None:
        self.buffer = Buffer(room)
        self.in_flight = InFlight(self.buffer, max_messages)
        self.deliveries: list[Delivery] = []

    def add(
        self, messages: int = 1, size: int = 10, pending: int = 1, *, replay: bool = False
    ) -> Delivery:
        """Put a batch behind all others."""
        number = len(self.deliveries) + 1
        delivery = Delivery(pending)
        self.deliveries.append(delivery)
        one = batch(number, messages, size)
        one.replay = replay
        self.in_flight.take(one)
        records: Records = [(Record("t", None, None, [], 0),) for _ in range(messages)]
        self.in_flight.add(Entry(one, records, delivery, record_bytes=size))
        return delivery

    async def settled(self) -> int | None:
        """How far the position has come, or None if it does not move now."""
        waiting = asyncio.ensure_future(self.in_flight.settled())
        for _ in range(5):
            await asyncio.sleep(0)
        if not waiting.done():
            waiting.cancel()
            return None
        done = waiting.result()
        return 0 if done is None or done.end is None else done.end.last_id


async def test_an_empty_line_waits() -> None:
    assert await Line().settled() is None


async def test_the_first_one_done_moves_the_position() -> None:
    line = Line()
    line.add().acknowledged(1)
    assert await line.settled() == 1
    assert (line.in_flight.messages, line.in_flight.size, line.buffer.free) == (0, 0, ROOM)


async def test_one_behind_an_unfinished_one_waits_for_it() -> None:
    line = Line()
    first, second = line.add(), line.add()
    second.acknowledged(1)
    assert await line.settled() is None
    first.acknowledged(1)
    assert await line.settled() == 2


async def test_all_that_are_done_are_taken_together() -> None:
    line = Line()
    deliveries = [line.add(messages=2) for _ in range(4)]
    for delivery in deliveries[:3]:
        delivery.acknowledged(1)
    done = await line.in_flight.settled()
    assert done is not None
    assert (done.end, done.delivered, done.filtered) == (WINDOW.until(3), 6, 0)
    assert line.in_flight.messages == 2


async def test_a_batch_without_records_is_done_when_it_comes() -> None:
    line = Line()
    line.add(pending=0)
    assert await line.settled() == 1


async def test_waiting_ends_when_the_front_is_done() -> None:
    line = Line()
    delivery = line.add()
    waiting = asyncio.ensure_future(line.in_flight.settled())
    await asyncio.sleep(0)
    delivery.acknowledged(1)
    assert (await asyncio.wait_for(waiting, 5)) is not None


async def test_a_closed_line_ends_when_it_is_empty() -> None:
    line = Line()
    delivery = line.add()
    line.in_flight.close()
    assert await line.settled() is None
    delivery.acknowledged(1)
    assert await line.settled() == 1
    assert await line.in_flight.settled() is None


async def test_closing_wakes_whoever_waits() -> None:
    line = Line()
    waiting = asyncio.ensure_future(line.in_flight.settled())
    await asyncio.sleep(0)
    line.in_flight.close()
    assert await asyncio.wait_for(waiting, 5) is None


async def test_there_is_room_for_what_is_not_in_flight() -> None:
    line = Line(max_messages=10)
    assert await line.in_flight.room() == (10, ROOM)
    line.add(messages=4, size=300)
    assert await line.in_flight.room() == (6, ROOM - 300)


@pytest.mark.parametrize(("messages", "size"), [(10, 1), (1, ROOM), (1, 5 * ROOM)])
async def test_without_room_polling_waits_for_the_front(messages: int, size: int) -> None:
    line = Line(max_messages=10)
    delivery = line.add(messages, size)
    waiting = asyncio.ensure_future(line.in_flight.room())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    delivery.acknowledged(1)
    await line.in_flight.settled()
    await asyncio.wait_for(waiting, 5)
    assert await line.in_flight.room() == (10, ROOM)


async def test_pipelines_share_their_bytes() -> None:
    first, second = Line(), Line()
    second.in_flight = InFlight(first.buffer, 10)
    second.add(size=1)
    delivery = first.add(size=ROOM)
    waiting = asyncio.ensure_future(second.in_flight.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    delivery.acknowledged(1)
    await first.in_flight.settled()
    assert await asyncio.wait_for(waiting, 5) == (9, ROOM - 1)


async def test_a_full_buffer_keeps_nobody_else_from_going_on() -> None:
    first = Line()
    first.add(size=5 * ROOM)  # its brokers are away
    second = InFlight(first.buffer, 10)
    assert await asyncio.wait_for(second.room(), 5) == (10, ROOM // 64)


async def test_what_is_dropped_gives_its_bytes_back() -> None:
    line = Line()
    line.add(size=300)
    line.in_flight.take(batch(9, size=200))  # polled, but not on its way yet
    line.in_flight.drop()
    assert (line.in_flight.messages, line.in_flight.size, line.buffer.free) == (0, 0, ROOM)
    line.in_flight.close()
    assert await line.in_flight.settled() is None


async def test_what_is_abandoned_is_what_has_no_end() -> None:
    line = Line()
    deliveries = [line.add(size=100) for _ in range(4)]
    for number in (0, 1, 3):
        deliveries[number].acknowledged(1)
    line.in_flight.abandon()
    line.in_flight.close()
    assert await line.settled() == 2
    assert await line.in_flight.settled() is None
    assert line.buffer.free == ROOM


@given(st.permutations(range(6)))
@settings(deadline=None)
def test_in_whatever_order_acknowledgements_come(order: list[int]) -> None:
    """The position is always right before the first batch that is not done."""
    asyncio.run(acknowledged_in(order))


async def acknowledged_in(order: list[int]) -> None:
    line = Line()
    for _ in order:
        line.add()
    position, done = 0, set[int]()
    for number in order:
        line.deliveries[number].acknowledged(1)
        done.add(number)
        position = await line.settled() or position
        assert position == next((n for n in range(6) if n not in done), 6)
    assert (line.in_flight.messages, line.buffer.free) == (0, ROOM)


async def test_nor_from_going_on_with_its_next_page() -> None:
    first = Line()
    first.add(size=5 * ROOM)
    second = Line()
    second.in_flight = InFlight(first.buffer, 10)
    delivery = second.add(size=1)
    waiting = asyncio.ensure_future(second.in_flight.room())  # the page ahead
    await asyncio.sleep(0)
    assert not waiting.done()
    delivery.acknowledged(1)
    await second.in_flight.settled()
    assert await asyncio.wait_for(waiting, 5) == (10, ROOM // 64)


@pytest.mark.parametrize(
    ("messages", "size", "full"), [(0, 0, False), (9, 1, False), (10, 1, True), (1, ROOM, True)]
)
async def test_it_is_full_when_polling_would_wait(messages: int, size: int, full: bool) -> None:
    line = Line(max_messages=10)
    if messages:
        line.add(messages, size)
    assert line.in_flight.full is full
    room = asyncio.ensure_future(line.in_flight.room())
    await asyncio.sleep(0)
    assert room.done() is not full
    room.cancel()


async def test_a_buffer_that_others_fill_is_full_for_who_has_something_in_flight() -> None:
    first, second = Line(), Line()
    second.in_flight = InFlight(first.buffer, 10)
    first.add(size=ROOM)
    assert not second.in_flight.full
    second.add(size=1)
    assert second.in_flight.full


async def test_acknowledged_waits_for_every_batch_settled_or_not() -> None:
    line = Line()
    await line.in_flight.acknowledged()
    deliveries = [line.add() for _ in range(3)]
    waiting = asyncio.ensure_future(line.in_flight.acknowledged())
    for delivery in reversed(deliveries):
        await asyncio.sleep(0)
        assert not waiting.done()
        delivery.acknowledged(1)
    async with asyncio.timeout(5):
        await waiting
    assert await line.settled() == 3


async def test_a_cut_leaves_what_comes_before_the_message() -> None:
    line = Line()
    deliveries = [line.add(messages=4, size=100) for _ in range(4)]
    deliveries[1].acknowledged(1)
    third = list(line.in_flight.entries)[2]
    line.in_flight.cut(third, 2)
    assert (line.in_flight.messages, line.in_flight.size) == (4 + 4 + 2, 300)
    deliveries[0].acknowledged(1)
    line.in_flight.close()
    done = await line.in_flight.settled()
    assert done is not None
    assert (len(done.entries), done.delivered, done.end) == (3, 10, WINDOW.until(3))
    assert await line.in_flight.settled() is None
    assert line.buffer.free == ROOM


async def test_a_cut_before_the_first_message_of_a_batch_leaves_nothing_of_it() -> None:
    line = Line()
    first, _, _ = line.add(), line.add(), line.add()
    line.in_flight.cut(list(line.in_flight.entries)[1], 0)
    first.acknowledged(1)
    line.in_flight.close()
    assert await line.settled() == 1
    assert await line.in_flight.settled() is None


async def test_a_cut_keeps_what_was_replayed_and_has_its_end() -> None:
    line = Line()
    line.add()
    for delivery in (line.add(replay=True), line.add(replay=True), line.add()):
        delivery.acknowledged(1)
    line.in_flight.cut(line.in_flight.entries[0], 0)
    line.in_flight.close()
    done = await line.in_flight.settled()
    assert done is not None
    assert (done.end, len(done.replayed), done.delivered) == (None, 2, 2)
    assert await line.in_flight.settled() is None


ERROR = MessageError("no", stage="produce", reason="invalid_record")


async def test_a_batch_has_no_end_before_it_is_known_what_becomes_of_a_refused_message() -> None:
    line = Line()
    delivery = line.add(messages=3)
    (entry,) = line.in_flight.entries
    (record,) = entry.records[1]
    delivery.refused(record, ERROR)
    assert delivery.done
    assert await line.settled() is None
    assert entry.refusals() == {1: ERROR}
    entry.rejected[1] = Rejected(entry.batch.messages[1], ERROR)
    line.in_flight.changed()
    done = await line.in_flight.settled()
    assert done is not None
    assert (done.delivered, [one.error for one in done.aside]) == (2, [ERROR])


async def test_a_stopped_batch_never_settles() -> None:
    line = Line()
    delivery = line.add()
    line.in_flight.entries[0].stopped = True
    delivery.acknowledged(1)
    assert await line.settled() is None


async def test_what_is_put_aside_comes_in_order() -> None:
    line = Line()
    for _ in range(2):
        line.add(messages=3, pending=0)
    for entry in line.in_flight.entries:
        for place in (2, 0):
            entry.rejected[place] = Rejected(entry.batch.messages[place], ERROR)
    expected = [entry.batch.messages[place] for entry in line.in_flight.entries for place in (0, 2)]
    done = await line.in_flight.settled()
    assert done is not None
    assert [one.message for one in done.aside] == expected
    assert done.delivered == 2


async def room_of(line: InFlight) -> int:
    """Return how many messages it may poll now; 0 if it has to wait."""
    waiting = asyncio.ensure_future(line.room())
    await asyncio.sleep(0)
    if waiting.done():
        return waiting.result()[0]
    waiting.cancel()
    return 0


async def test_the_more_are_busy_the_less_each_may_hold() -> None:
    """Alone it holds what it is allowed; a hundred that each did would take memory for nothing."""
    buffer = Buffer(10**9)
    lines = [InFlight(buffer, 20_000) for _ in range(100)]
    rooms = {}
    for busy, line in enumerate(lines, 1):
        line.take(batch(busy))
        rooms[busy] = await room_of(line) + 1
    assert [rooms[busy] for busy in (1, 2, 4, 10, 40, 100)] == [
        *(20_000, 20_000, 10_000, 4_000, 1_000, 1_000)
    ]
    for line in lines[1:]:
        line.drop()
        line.drop()
    assert await room_of(lines[0]) + 1 == 20_000


async def test_who_holds_more_than_its_share_waits_until_it_holds_less() -> None:
    line = Line(10**9, max_messages=10_000)
    others = [InFlight(line.buffer, 10_000) for _ in range(4)]
    first = line.add(messages=3_000)
    line.add(messages=3_000)
    for other in others:
        other.take(batch(1))
    assert await room_of(line.in_flight) == 0
    assert line.in_flight.full
    first.acknowledged(1)
    await line.settled()
    assert await room_of(line.in_flight) == 1_000
    assert not line.in_flight.full


async def test_a_small_limit_is_kept_however_many_are_busy() -> None:
    line = Line(10**9, max_messages=10)
    for _ in range(50):
        InFlight(line.buffer, 10).take(batch(1))
    line.add(messages=4)
    assert await room_of(line.in_flight) == 6
