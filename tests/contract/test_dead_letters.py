"""What an outbox promises of messages that are put aside."""

import pytest

from pg_tide.dead_letter import key_parked
from pg_tide.errors import LeaseLost, MessageError
from pg_tide.message import Batch, Message, Rejected
from tests.contract.outboxes import Place, Reader

BIG = 10_000_000  # bytes
ERROR = MessageError("it has no \0 kind \ud800", stage="route", reason="template_value_missing")


async def polled(place: Place, *keys: str | None) -> tuple[Reader, Batch]:
    """Publish messages with these keys, and poll them."""
    publisher = await place.begin()
    for number, key in enumerate(keys):
        await publisher.publish(b'{"n": %d}' % number, key=key, headers={"n": str(number)})
    await publisher.commit()
    reader = await place.reader()
    return reader, await reader.poll(100, BIG)


def bad(message: Message, *, parks: bool = False) -> Rejected:
    """A message with an error of its own."""
    return Rejected(message, ERROR, parks)


def follower(message: Message) -> Rejected:
    """A message that waits for another of its key."""
    return Rejected(message, key_parked(message), parks=True)


async def again(reader: Reader, most: int = 100) -> list[int]:
    """The ids of what shall be tried again."""
    return [message.id for message in (await reader.retries(most, BIG)).messages]


async def test_what_is_put_aside_is_passed_by_the_position(place: Place) -> None:
    reader, batch = await polled(place, "a", "b")
    first, second = batch.messages
    assert await reader.commit(batch.end, 1, 0, [bad(second)]) == set()
    assert await place.written() == (batch.end, 1, 0)
    assert await place.letters() == [(second.id, "waiting", "template_value_missing")]
    assert not (await (await place.reader()).poll(10, BIG)).messages
    assert await again(reader := await place.reader()) == []
    assert await reader.parked_keys(10) == []
    assert first.id < second.id


async def test_a_message_comes_back_as_it_was(place: Place) -> None:
    reader, batch = await polled(place, "a")
    (message,) = batch.messages
    await reader.commit(batch.end, 0, 0, [bad(message)])
    await place.retry(message.id)
    retried = await reader.retries(10, BIG)
    assert list(retried.messages) == [message]
    assert retried.replay
    assert retried.size > 0


@pytest.mark.parametrize(("most", "size", "full"), [(2, BIG, True), (10, 1, True), (3, BIG, False)])
async def test_it_says_whether_more_may_wait_to_be_tried_again(
    place: Place, most: int, size: int, full: bool
) -> None:
    reader, batch = await polled(place, "a", "b")
    await reader.commit(batch.end, 0, 0, [bad(message) for message in batch.messages])
    for message in batch.messages:
        await place.retry(message.id)
    retried = await reader.retries(most, size)
    assert retried.full is full
    assert len(retried.messages) == (1 if size == 1 else 2)


@pytest.mark.parametrize("state", ["delivered", "filtered"])
async def test_what_had_its_end_comes_no_more(place: Place, state: str) -> None:
    reader, batch = await polled(place, "a", "b")
    first, second = batch.messages
    await reader.commit(batch.end, 0, 0, [bad(first), bad(second)])
    await place.retry(first.id)
    assert await reader.commit(None, 1, 0, [], {state: [first.id]}) == set()
    assert await place.written() == (batch.end, 1, 0)
    assert await again(reader) == []
    assert [one[1] for one in await place.letters()] == [state, "waiting"]


async def test_one_that_fails_again_waits_again(place: Place) -> None:
    reader, batch = await polled(place, "a")
    (message,) = batch.messages
    await reader.commit(batch.end, 0, 0, [bad(message)])
    await place.retry(message.id)
    await reader.commit(None, 0, 0, [bad(message)])
    assert await place.letters() == [(message.id, "waiting", "template_value_missing")]
    assert await again(reader) == []


async def test_a_chain_waits_for_its_head(place: Place) -> None:
    reader, batch = await polled(place, "a", "a", "b", "a")
    head, second, _, third = batch.messages
    await reader.commit(batch.end, 1, 0, [bad(head, parks=True), follower(second), follower(third)])
    assert await reader.parked_keys(10) == ["a"]
    assert await again(reader) == []
    await place.retry(head.id)
    assert await again(reader) == [head.id, second.id, third.id]
    assert await again(reader, 2) == [head.id, second.id]
    assert await reader.commit(None, 1, 0, [], {"delivered": [head.id]}) == {"a"}
    assert await again(reader) == [second.id, third.id]
    assert await reader.commit(None, 1, 0, [bad(second)]) == set()
    assert await again(reader) == []
    assert await reader.parked_keys(10) == ["a"]
    await place.discard(second.id)
    assert await again(reader) == [third.id]
    ended = {"delivered": [third.id]}
    assert await reader.commit(None, 1, 0, [], ended) == set()
    assert await reader.parked_keys(10) == []


async def test_a_chain_of_which_some_were_filtered_is_done(place: Place) -> None:
    reader, batch = await polled(place, "a", "a", "b")
    head, second, third = batch.messages
    aside = [bad(head, parks=True), follower(second), bad(third, parks=True)]
    await reader.commit(batch.end, 0, 0, aside)
    await place.retry(head.id)
    ended = {"delivered": [head.id], "filtered": [second.id]}
    assert await reader.commit(None, 1, 1, [], ended) == set()
    assert await reader.parked_keys(10) == ["b"]


async def test_a_head_that_is_discarded_releases_its_chain(place: Place) -> None:
    reader, batch = await polled(place, "a", "a")
    head, second = batch.messages
    await reader.commit(batch.end, 0, 0, [bad(head, parks=True), follower(second)])
    await place.discard(head.id)
    assert await again(reader) == [second.id]


async def test_a_message_is_put_aside_once(place: Place) -> None:
    """Also when a seek brings it again."""
    reader, batch = await polled(place, "a", "a")
    head, second = batch.messages
    for _ in range(2):
        await reader.commit(batch.end, 0, 0, [bad(head, parks=True), follower(second)])
    assert [(one[0], one[1]) for one in await place.letters()] == [
        (head.id, "waiting"), (second.id, "parked"),
    ]  # fmt: skip


async def test_nothing_is_put_aside_or_ended_without_the_lease(place: Place) -> None:
    old, batch = await polled(place, "a")
    (message,) = batch.messages
    new = await place.reader()
    with pytest.raises(LeaseLost):
        await old.commit(batch.end, 0, 0, [bad(message)])
    assert await place.letters() == []
    await new.commit(batch.end, 0, 0, [bad(message)])
    await place.retry(message.id)
    for attempt in (old.retries(1, BIG), old.commit(None, 1, 0, [], {"delivered": [message.id]})):
        with pytest.raises(LeaseLost):
            await attempt
    assert await again(new) == [message.id]
