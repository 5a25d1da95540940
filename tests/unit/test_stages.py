"""The pure stages over a batch: what goes, and what is wrong with what does not."""

from collections.abc import Callable
from typing import Any

import pytest

from pg_tide.message import Batch, Message
from pg_tide.position import Position, Snapshot, Window
from pg_tide.stages import Stages
from tests.fixtures.messages import a_config, a_message

WINDOW = Window(Position(Snapshot("3:3:")), Snapshot("9:9:"))


def batch(*messages: Message) -> Batch:
    return Batch(list(messages), WINDOW, WINDOW.finished(), 1)


def test_messages_that_can_not_go_keep_no_other_from_going() -> None:
    stages = Stages.of(a_config(headers={"total": "{payload.total}"}), "orders")
    good, bad = a_message(), a_message(payload=b"{}")
    records, errors = stages.prepare(batch(good, bad, good, bad))
    assert [len(of_message) for of_message in records] == [1, 0, 1, 0]
    assert {place: error.reason for place, error in errors.items()} == {
        1: "template_value_missing", 3: "template_value_missing",
    }  # fmt: skip


def test_places_count_from_the_beginning_of_the_batch() -> None:
    stages = Stages.of(a_config(headers={"total": "{payload.total}"}), "orders")
    good, bad = a_message(), a_message(payload=b"{}")
    records, errors = stages.prepare(batch(good, good, bad, good), begin=1)
    assert [len(of_message) for of_message in records] == [1, 0, 1]
    assert list(errors) == [2]


@pytest.mark.parametrize("headers", [[1], "text", 7, {"a": 1}, {"a": None}, {"a": {}}])
@pytest.mark.parametrize("options", [{}, {"headers": {"a": "{headers.a.b}{key}"}}])
def test_headers_that_are_none_are_their_messages_error(
    headers: Any, options: dict[str, Any]
) -> None:
    stages = Stages.of(a_config(**options), "orders")
    _, errors = stages.prepare(batch(a_message(headers=headers)))
    assert errors[0].reason in {"headers_unreadable", "template_value_missing"}


def test_a_bug_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Message) -> Message:
        raise TypeError("a bug")

    stages = Stages.of(a_config(), "orders")
    bug: Callable[[Message], Message] = broken
    monkeypatch.setattr(stages, "transform", bug)
    with pytest.raises(TypeError, match="a bug"):
        stages.prepare(batch(a_message(headers={"a": "b"})))
