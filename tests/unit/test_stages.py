"""The pure stages over a batch: what goes, and what is wrong with what does not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.message import Batch, Message
from pg_tide.plain import plain_records
from pg_tide.position import Position, Snapshot, Window
from pg_tide.stages import Stages
from pg_tide.testing.rows import rows_of
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


TEXTS = st.text(max_size=5)
MESSAGES = st.builds(
    a_message,
    id=st.integers(1, 2**63 - 1),
    source=st.none() | st.just("public.orders"),
    op=st.sampled_from(["insert", "update", "öp"]),
    key=st.none() | TEXTS,
    dedup_key=st.none() | TEXTS,
    headers=st.none() | st.dictionaries(TEXTS, TEXTS, max_size=2),
    payload=st.none() | st.just(b'{"a": 1}'),
)
PLAIN = st.fixed_dictionaries(
    {},
    optional={
        "metadata_headers": st.booleans(),
        "message_headers": st.booleans(),
        "headers": st.just({"team": "billing", "from": "{outbox}"}),
        "topic": st.sampled_from(["orders", "of-{outbox}"]),
    },
)


@given(PLAIN, st.booleans(), st.lists(MESSAGES, max_size=6))
def test_the_short_way_makes_what_the_long_way_makes(
    options: dict[str, Any], prefixed: bool, messages: list[Message]
) -> None:
    if prefixed:
        options = {**options, "topic": None, "topic_prefix": "cdc."}
    stages = Stages.of(a_config(**options), "orders")
    assert stages.plain
    found = batch()
    found.messages = rows_of(messages)
    short = stages.prepare(found)
    stages.plain = False
    assert short == stages.prepare(found) == stages.prepare(batch(*messages))


def test_bytes_are_their_messages_error_on_the_short_way_too() -> None:
    messages = [a_message(), a_message(payload=b"\xff", is_json=False), a_message()]
    records, errors = Stages.of(a_config(), "orders").prepare(batch(*messages))
    assert [len(of_message) for of_message in records] == [1, 0, 1]
    assert {place: error.reason for place, error in errors.items()} == {1: "payload_unreadable"}


@pytest.mark.parametrize(
    ("options", "goes"),
    [
        ({}, True),
        ({"message_key": "{op}"}, False),
        ({"partition_by": "op"}, False),
        ({"headers": {"op": "{op}"}}, False),
        ({"topic": "orders.{op}"}, False),
        ({"record_timestamp": "produced"}, False),
        ({"wire_format": "envelope"}, False),
        ({"transform.filter": "op"}, False),
        ({"transform.payload": "payload"}, False),
        ({"routing.rules": [{"when": "op == 'x'", "topic": "x"}]}, False),
    ],
)
def test_the_short_way_is_for_messages_that_are_not_looked_into(
    options: dict[str, Any], goes: bool
) -> None:
    stages = Stages.of(a_config(**options), "orders")
    is_short = stages.plain and plain_records(rows_of([a_message()]), stages.route) is not None
    assert is_short is goes


@pytest.mark.parametrize("headers", [[1], "text", 7, {"a": 1}, {"a": None}, {"a": {}}])
@pytest.mark.parametrize("options", [{}, {"headers": {"a": "{headers.a.b}{key}"}}])
def test_headers_that_are_none_are_their_messages_error(
    headers: Any, options: dict[str, Any]
) -> None:
    stages = Stages.of(a_config(**options), "orders")
    found = batch()
    found.messages = rows_of([a_message(headers=headers)])
    assert stages.prepare(batch(a_message(headers=headers)))[1].keys() == {0}
    _, errors = stages.prepare(found)
    assert errors[0].reason in {"headers_unreadable", "template_value_missing"}


def test_a_bug_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Message) -> Message:
        raise TypeError("a bug")

    stages = Stages.of(a_config(**{"transform.filter": "`true`"}), "orders")
    bug: Callable[[Message], Message] = broken
    monkeypatch.setattr(stages, "transform", bug)
    with pytest.raises(TypeError, match="a bug"):
        stages.prepare(batch(a_message(headers={"a": "b"})))
