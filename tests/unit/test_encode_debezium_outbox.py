"""`debezium_outbox`: byte for byte what Debezium's outbox event router made of equivalent rows."""

from typing import Any

import pytest

from pg_tide.encode import encoder
from pg_tide.errors import ConfigurationError, MessageError
from pg_tide.message import Message, Record, Route
from pg_tide.stages import Stages
from tests.fixtures.debezium_golden import RUN_ID, golden
from tests.fixtures.messages import a_config, a_message

ID = "00000000-0000-4000-8000-0000000000"
ENVELOPE = {"placement": "type:envelope:eventType", "tombstone_on_empty_payload": False}


def published() -> list[Message]:
    """Return messages as the rows were that Debezium saw."""
    rows = [
        ("a1", "OrderCreated", "t1", '{"a": [1, 2.50, null], "b": 1, "s": "é"}'),
        ("a3", "OrderPaid", "t1", '{"b": 1, "l": [1, 2], "n": null, "o": {"x": 2.50}, "t": true}'),
        ("a2", "OrderGone", None, None),
    ]
    return [
        a_message(
            dedup_key=ID + event,
            key="o-1",
            op=op,
            headers={"tenant": tenant} if tenant else None,
            payload=None if payload is None else payload.encode(),
        )
        for event, op, tenant, payload in rows
    ]


def encoded(message: Message, route: Route | None = None, **options: Any) -> Record:
    """Return the one record of a message."""
    config = a_config(wire_format="debezium_outbox", wire_config=options)
    (record,) = encoder(config)(message, route or Route("t", message.key, []))
    return record


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("outbox_string", {"placement": ["type:header:eventType", "tenant:header"]}),
        ("outbox_string_tombstone", {"extended_headers": False}),
        ("outbox_expanded", {"expand_json_payload": True, "tombstone_on_empty_payload": False}),
        ("outbox_envelope", ENVELOPE),
        ("outbox_json_string", {"schemas": True, "tombstone_on_empty_payload": False}),
    ],
)
def test_records_are_those_of_debezium(file: str, options: dict[str, Any]) -> None:
    expected = golden(file)
    assert len(expected) == 3
    for message, theirs in zip(published(), expected, strict=True):
        ours = encoded(message, server_name=file, **options)
        assert (ours.key, ours.value) == (theirs.key, theirs.value)
        without_run = [header for header in theirs.headers if header[0] != RUN_ID]
        assert [header for header in ours.headers if header[0] != RUN_ID] == without_run
        assert [name for name, _ in ours.headers] == [name for name, _ in theirs.headers]


def test_bytes_are_those_of_debezium() -> None:
    (theirs,) = golden("outbox_bytes")
    assert theirs.value
    message = a_message(key="o-2", dedup_key=ID + "b1", payload=theirs.value, is_json=False)
    ours = encoded(message, server_name="outbox_bytes")
    assert (ours.key, ours.value) == (theirs.key, theirs.value)
    assert [name for name, _ in ours.headers] == [name for name, _ in theirs.headers]


@pytest.mark.parametrize("options", [{"schemas": True}, {"expand_json_payload": True}, ENVELOPE])
def test_bytes_are_no_json(options: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match="published as bytes"):
        encoded(a_message(payload=b"\\xff", is_json=False), **options)


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ('{"a": [1, "x"]}', '"{\\"a\\": [1, \\"x\\"]}"'),
        ('{"a": [1, true]}', '"{\\"a\\": [1, true]}"'),
        ('{"a": [1, null, 2], "b": [], "c": [{"d": null}]}', '{"a":[1,null,2],"b":[],"c":[{}]}'),
        ('[{"a": 2.0}, {"a": 10.50}]', '[{"a":2.0},{"a":10.5}]'),
        ('"text"', '"\\"text\\""'),
        ('{"n": 0.1000000000000000055511151231257827}', None),
    ],
)
def test_expanded_payloads(payload: str, value: str | None) -> None:
    expected = payload.replace(" ", "") if value is None else value
    found = encoded(a_message(payload=payload.encode()), expand_json_payload=True).value
    assert found == expected.encode()


def test_tombstones_by_default() -> None:
    all_options: list[dict[str, Any]] = [{}, {"schemas": True}, {"expand_json_payload": True}]
    for options in all_options:
        assert encoded(a_message(payload=None), **options).value is None


def test_headers_that_are_columns_go_only_where_they_are_placed() -> None:
    own = {"type": "OrderPaid", "aggregatetype": "order", "tenant": "t1", "trace": "x"}
    route = Route("t", "k", [(name, text.encode()) for name, text in own.items()])
    record = encoded(
        a_message(headers=own, dedup_key=None),
        route,
        extended_headers=False,
        placement="type:header:eventType,tenant:header:of",
    )
    assert record.headers == [
        ("id", b"orders:42"), ("eventType", b"OrderPaid"), ("of", b"t1"), ("trace", b"x"),
    ]  # fmt: skip


def test_an_envelope_has_no_schema() -> None:
    config = a_config(
        wire_format="debezium_outbox",
        wire_config={"schemas": True, "placement": "type:envelope"},
    )
    with pytest.raises(ConfigurationError, match=r"needs wire_config\.schemas"):
        Stages.of(config, "orders")
