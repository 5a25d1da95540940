"""Parts of a batch: each says where the position stands when all up to it have their end."""

import pytest

from pg_tide.message import Batch, Message
from pg_tide.position import Position, Snapshot, Window
from tests.fixtures.messages import a_message

DONE, NOW = Snapshot("3:3:"), Snapshot("9:9:")
WINDOW = Window(Position(DONE), NOW)


def batch(count: int) -> Batch:
    """A whole window of messages, with the ids 10, 20 and so on."""
    messages = [
        Message(10 * n, "orders", None, "insert", None, None, None, b"{}", True, None, 0)
        for n in range(1, count + 1)
    ]
    return Batch(messages, WINDOW, WINDOW.finished(), size=1001)


@pytest.mark.parametrize(("count", "most"), [(1, 1), (5, 2), (6, 2), (5, 100), (7, 3)])
def test_slices_are_the_batch_again(count: int, most: int) -> None:
    whole = batch(count)
    parts = list(whole.slices(most))
    assert [message for part in parts for message in part.messages] == whole.messages
    assert sum(part.size for part in parts) == whole.size
    assert all(len(part.messages) <= most for part in parts)


def test_every_slice_ends_where_its_last_message_has_its_end() -> None:
    ends = [part.end for part in batch(5).slices(2)]
    assert ends == [Position(DONE, NOW, 20), Position(DONE, NOW, 40), WINDOW.finished()]


def test_what_stands_before_a_message_of_a_slice_ends_before_it() -> None:
    _, second, _ = batch(5).slices(2)
    assert second.before(1).end == Position(DONE, NOW, 30)
    assert second.before(0).messages == []


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (1_769_860_800_123_456, "2026-01-31T12:00:00.123456Z"),
        (1_769_860_800_000_000, "2026-01-31T12:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_when_a_message_was_published(microseconds: int, text: str) -> None:
    assert a_message(published_at_us=microseconds).published_at == text
