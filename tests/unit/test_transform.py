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


DIGITS = b'{"a":12345678901234567890123,"b":0.1000000000000000055511151231257827,"c":0.10}'


@pytest.mark.parametrize(
    ("root", "expression"),
    [("message", "payload"), ("message", "payload.{a: a, b: b, c: c}"), ("payload", "@")],
)
def test_numbers_keep_their_digits(root: str, expression: str) -> None:
    result = shaped(a_message(payload=DIGITS), root=root, payload=expression)
    assert result is not None
    assert result.payload == DIGITS


@pytest.mark.parametrize(
    ("document", "expression", "result"),
    [
        (b'{"a": [1, 2]}', "a[1]", b"2"),
        (b'{"a": {"b": 0.10}}', "{c: a.b}", b'{"c":0.10}'),
        (b'{"payload": 1, "op": 2}', "[payload, op]", b"[1,2]"),
        (b'[{"n": 1}, {"n": 2}]', "[?n > `1`]", b'[{"n":2}]'),
        (b"[1, 2, 3]", "sum(@)", b"6"),
        (b'"text"', "length(@)", b"4"),
        (b"0.10", "@", b"0.10"),
        (b"7", "[@, @]", b"[7,7]"),
        (b"true", "@ && 'yes'", b'"yes"'),
        (b"null", "@", None),
        (b"null", "{a: @}", None),  # JMESPath makes nothing of null
        (b"null", "not_null(@, 'none')", b'"none"'),
        (None, "not_null(@, 'none')", b'"none"'),
        (None, "@", None),
    ],
)
def test_the_payload_alone_may_be_what_expressions_see(
    document: bytes | None, expression: str, result: bytes | None
) -> None:
    message = shaped(a_message(payload=document), root="payload", payload=expression)
    assert message is not None
    assert message.payload == result


@pytest.mark.parametrize(
    ("document", "kept"),
    [(b"[1]", True), (b"[]", False), (b"0", True), (b'""', False), (b"null", False), (None, False)],
)
def test_the_filter_sees_the_payload_alone_too(document: bytes | None, kept: bool) -> None:
    message = a_message(payload=document)
    assert (shaped(message, root="payload", filter="@") is message) is kept


def test_with_the_payload_alone_it_must_be_json() -> None:
    with pytest.raises(MessageError) as caught:
        shaped(a_message(payload=b"\xff", is_json=False), root="payload", filter="`1`")
    assert (caught.value.stage, caught.value.reason) == ("transform", "payload_unreadable")


def test_what_is_not_looked_at_is_not_parsed() -> None:
    message = a_message(payload=b"\xff", is_json=False, headers={"payload": "a"})
    assert shaped(message, filter="op == 'delete' && payload.a") is None
    assert shaped(message, filter="op == 'delete'", payload="@") is None
    assert payload(message, "headers.payload") == b'"a"'


def test_before_the_transform_there_is_no_other_payload() -> None:
    assert payload(a_message(), "length(@)") == b"9"


def test_what_is_made_of_a_payload_has_its_limits() -> None:
    message = a_message(payload=b"[" + b"1," * 400_000 + b"1]")
    assert len(shaped_bytes(message, "{a: @}")) == 800_009
    with pytest.raises(MessageError) as caught:
        shaped_bytes(message, "|".join(["[@, @]"] * 40))
    assert (caught.value.stage, caught.value.reason) == ("transform", "expression_too_large")


def shaped_bytes(message: Message, expression: str) -> bytes:
    result = shaped(message, root="payload", payload=expression)
    assert result is not None
    assert result.payload is not None
    return result.payload
