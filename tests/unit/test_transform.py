"""The filter and the projection."""

from typing import Any

import pytest

from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.transform import Transform
from tests.fixtures.messages import a_config, a_message

TOMBSTONE = a_message(op="delete", payload=None)


def shaped(message: Message, **expressions: str) -> Message | None:
    return Transform(a_config(transform=expressions))(message)


def payload(message: Message, expression: str) -> bytes | None:
    result = shaped(message, payload=expression)
    assert result is not None
    return result.payload


def test_without_expressions_the_message_itself_goes_on() -> None:
    transform = Transform(a_config())
    message = a_message(payload=b"not json", is_json=False)
    assert transform.idle
    assert transform(message) is message


@pytest.mark.parametrize("nothing", ["null", "false", '""', "[]", "{}"])
def test_the_filter_drops_on_nothing(nothing: str) -> None:
    assert shaped(a_message(), filter=f"`{nothing}`") is None


@pytest.mark.parametrize("something", ["true", "0", "0.0", '"a"', "[0]", '{"a": null}'])
def test_the_filter_keeps_on_anything_else(something: str) -> None:
    message = a_message()
    assert shaped(message, filter=f"`{something}`") is message


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("op == 'insert'", True),
        ("payload.total == `99.9`", True),
        ("payload.total > `100`", False),
        ("headers.tenant == 'x'", False),
        ("key == 'ord-12345' && dedup_key == 'ord-12345'", True),
        ("outbox == 'orders' && stream_table == 'orders'", True),
        ("id == `42`", True),
        ("published_at == '2026-01-31T12:00:00.123456Z'", True),
        ("length(@) == `9`", True),
    ],
)
def test_what_the_filter_sees(expression: str, kept: bool) -> None:
    assert (shaped(a_message(), filter=expression) is not None) is kept


def test_the_stream_table_is_the_captured_table_if_there_is_one() -> None:
    assert payload(a_message(source="public.t"), "stream_table") == b'"public.t"'


def test_headers_are_an_object_even_when_there_are_none() -> None:
    assert payload(a_message(), "keys(headers)") == b"[]"
    assert payload(a_message(headers={"a": "b"}), "headers.a") == b'"b"'


def test_the_projection_is_the_new_payload_and_all_else_stays() -> None:
    message = a_message(headers={"a": "b"}, before=b"{}", source="s")
    result = shaped(message, payload="payload.{total: total, big: `12345678901234567890123`}")
    assert result is not None
    assert result.payload == b'{"total":99.90,"big":12345678901234567890123}'
    result.payload = message.payload
    assert result == message


def test_the_published_message_is_left_as_it_was() -> None:
    message = a_message()
    shaped(message, payload="op")
    assert message == a_message()


def test_both() -> None:
    both = {"filter": "op == 'insert'", "payload": "op"}
    result = shaped(a_message(), **both)
    assert result is not None
    assert result.payload == b'"insert"'
    assert shaped(a_message(op="delete"), **both) is None


def test_a_filter_that_does_not_look_at_the_payload_does_not_parse_it() -> None:
    message = a_message(payload=b"not json", is_json=False)
    assert shaped(message, filter="op == 'insert'") is message


def test_a_tombstone_is_a_message_with_a_null_payload() -> None:
    assert shaped(TOMBSTONE, filter="payload.total > `1`") is None
    assert shaped(TOMBSTONE, filter="op == 'delete' || payload.total > `1`") is TOMBSTONE
    assert payload(TOMBSTONE, "payload.{total: total}") is None
    assert payload(TOMBSTONE, "{key: key, total: payload.total}") == (
        b'{"key":"ord-12345","total":null}'
    )


def test_a_payload_that_becomes_null_is_a_tombstone() -> None:
    assert payload(a_message(), "payload.none") is None
    assert payload(a_message(payload=b"null"), "payload") is None


@pytest.mark.parametrize("changes", [{"payload": b"{"}, {"payload": b"\xff", "is_json": False}])
def test_a_payload_that_is_not_json_is_the_messages_error(changes: dict[str, Any]) -> None:
    with pytest.raises(MessageError) as caught:
        shaped(a_message(**changes), payload="payload")
    assert (caught.value.stage, caught.value.reason) == ("transform", "payload_unreadable")


def test_a_result_that_is_not_json_is_the_messages_error() -> None:
    with pytest.raises(MessageError) as caught:
        shaped(a_message(), payload="&payload")
    assert (caught.value.stage, caught.value.reason) == ("transform", "payload_unwritable")
