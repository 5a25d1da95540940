"""The key of a record, however the options say it."""

from typing import Any

import pytest

from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.route import Router
from tests.fixtures.messages import a_config, a_message

ROW = a_message(payload=b'{"id": 7, "n": 1.50, "big": 12345678901234567890123, "s": "\xc3\xa9 x",'
                b' "z": null, "l": [1, 2.50], "o": {"p": "q"}, "a.b": true}')  # fmt: skip


def key(message: Message = ROW, published: Message | None = None, /, **options: Any) -> str | None:
    return Router(a_config(**options), "orders")(message, published or message).key


def refused(message: Message = ROW, **options: Any) -> MessageError:
    with pytest.raises(MessageError) as caught:
        key(message, **options)
    assert caught.value.stage == "route"
    return caught.value


def test_a_key_of_a_stream_names_suffix() -> None:
    message = a_message(key="user-123")
    assert key(message, message_key_pattern="-([^-]*)$") == "123"


def test_a_key_of_what_stands_before_a_suffix() -> None:
    options = {"message_key": "{stream_table}", "message_key_pattern": "^(.*)_data$"}
    assert key(a_message(source="users_data"), **options) == "users"
    assert key(a_message(source="users_meta"), **options) is None


def test_a_key_of_two_headers() -> None:
    message = a_message(headers={"region": "eu", "customer": "42"})
    both = "headers.[region, customer]"
    assert key(message, message_key_expression=both) == "eu-42"
    assert key(message, message_key="{headers.region}-{headers.customer}") == "eu-42"


def test_a_pattern_that_takes_too_long_is_the_messages_error() -> None:
    message = a_message(key="a" * 400_000)
    error = refused(message, message_key_pattern=r"(\w{1,500})x")
    assert "42" in error.message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("payload.id", "7"),
        ("payload.n", "1.50"),
        ("payload.big", "12345678901234567890123"),
        ("payload.s", "é x"),
        ("payload.z", None),
        ("payload.none", None),
        ("payload.o", '{"p":"q"}'),
        ("payload.l", "1-2.50"),
        ("[payload.s, payload.l, payload.o, `true`]", 'é x-[1,2.50]-{"p":"q"}-true'),
        ("`[]`", None),
        ('`[""]`', ""),
        ("''", ""),
        ("`false`", "false"),
        ("join('/', [outbox, op, key])", "orders/insert/ord-12345"),
        ("id", "42"),
    ],
)  # fmt: skip
def test_keys_by_expression(expression: str, expected: str | None) -> None:
    assert key(message_key_expression=expression) == expected


def test_expressions_see_what_goes_and_what_was_published() -> None:
    shaped = a_message(payload=b'{"id": "new"}')
    both = "[payload.id, original.order_id]"
    assert key(shaped, a_message(), message_key_expression=both) == "new-ord-12345"


def test_a_missing_part_of_a_key_is_the_messages_error() -> None:
    error = refused(message_key_expression="[op, headers.region]")
    assert error.reason == "key_value_missing"
    assert error.message == (
        "message_key_expression: message 42 has no key: its part 2 is null (the parts of an array "
        "are joined)"
    )


def test_an_expression_that_fails_is_the_messages_error() -> None:
    error = refused(message_key_expression="abs(op)")
    assert error.reason == "expression_failed"


def test_a_key_that_is_no_text_is_the_messages_error() -> None:
    error = refused(message_key_expression='`"\\ud800"`')
    assert error.reason == "key_unwritable"
    assert error.message.startswith("message_key_expression: the key of message 42")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("ord-(.*)", "12345"), ("[0-9]+", "12345"), ("x", None), ("(x)?ord", None), ("$", "")],
)
def test_keys_by_pattern(pattern: str, expected: str | None) -> None:
    assert key(message_key_pattern=pattern) == expected


def test_a_pattern_works_on_any_key_but_null() -> None:
    assert key(message_key_expression="payload.n", message_key_pattern="[0-9]+$") == "50"
    assert key(primary_keys="n", message_key_pattern="^[0-9]+") == "1"
    assert key(a_message(key=None), message_key_pattern=".*") is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("id", "7"),
        ("n", "1.50"),
        ("s", "é x"),
        ("l", "[1,2.50]"),
        ("a.b", "true"),
        (["s", "big", "id"], '{"s":"é x","big":12345678901234567890123,"id":7}'),
        ("n, o", '{"n":1.50,"o":{"p":"q"}}'),
    ],
)
def test_primary_keys(names: object, expected: str) -> None:
    assert key(primary_keys=names) == expected


def test_primary_keys_as_json() -> None:
    assert key(primary_keys="n", key_format="json") == '{"n":1.50}'


@pytest.mark.parametrize("name", ["none", "z"])
@pytest.mark.parametrize("key_format", ["text", "json"])
def test_a_missing_primary_key_is_the_messages_error(name: str, key_format: str) -> None:
    error = refused(primary_keys=["id", name], key_format=key_format)
    assert error.reason == "key_value_missing"
    assert error.message == f"primary_keys: message 42 has no {name}"


@pytest.mark.parametrize("payload", [b"[7]", b"7", b"null"])
def test_a_payload_that_is_no_object_has_no_primary_keys(payload: bytes) -> None:
    assert refused(a_message(payload=payload), primary_keys="id").reason == "key_value_missing"


def test_primary_keys_of_a_payload_that_is_not_json() -> None:
    assert refused(a_message(is_json=False), primary_keys="id").reason == "payload_unreadable"


def test_a_tombstone_of_the_transform_has_the_primary_keys_it_was_published_with() -> None:
    tombstone = a_message(payload=None, before=b'{"id": 8}')
    assert key(tombstone, ROW, primary_keys="id") == "7"


def test_a_tombstone_has_the_primary_keys_of_the_old_row() -> None:
    tombstone = a_message(payload=None, before=b'{"id": 8}')
    assert key(tombstone, primary_keys="id", key_format="json") == '{"id":8}'


def test_any_other_tombstone_has_its_own_key_for_primary_keys() -> None:
    assert key(a_message(payload=None), primary_keys="id, n") == "ord-12345"
    error = refused(a_message(payload=None, key=None), primary_keys="id")
    assert error.reason == "key_value_missing"
    assert error.message == "primary_keys: tombstone 42 has no key"
