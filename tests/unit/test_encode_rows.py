"""What a message says of a row: its images byte for byte, and what contradicts its op."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.encode.rows import PrimaryKey, change_of, is_tombstone
from pg_tide.errors import MessageError
from tests.fixtures.messages import a_message

ROW = b'{"id": 7, "n": 0.10, "t": "\xc3\xa9"}'
OLD = b'{"id": 7, "n": 123456789012345678901234567890.120}'


def the_error(**changes: Any) -> MessageError:
    with pytest.raises(MessageError) as caught:
        change_of(a_message(**changes))
    assert caught.value.stage == "encode"
    assert "message 42" in caught.value.message
    assert caught.value.hint
    return caught.value


def both(before: bytes, after: bytes) -> bytes:
    return b'{"after": %b, "before": %b}' % (after, before)


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ({"op": "insert", "payload": ROW}, ("c", None, ROW)),
        ({"op": "update", "payload": ROW}, ("u", None, ROW)),
        ({"op": "delete", "payload": ROW}, ("d", ROW, None)),
        ({"op": "snapshot", "payload": ROW}, ("r", None, ROW)),
        ({"op": "truncate", "payload": None}, ("t", None, None)),
        ({"op": "update", "payload": both(OLD, ROW)}, ("u", OLD, ROW)),
        ({"op": "update", "payload": both(b"null", ROW)}, ("u", None, ROW)),
        ({"op": "insert", "payload": both(b"null", ROW)}, ("c", None, ROW)),
        ({"op": "delete", "payload": both(OLD, b"null")}, ("d", OLD, None)),
        ({"op": "truncate", "payload": both(b"null", b"null")}, ("t", None, None)),
        ({"op": "update", "payload": ROW, "before": OLD}, ("u", OLD, ROW)),
        ({"op": "delete", "payload": None, "before": OLD}, ("d", OLD, None)),
        ({"op": "DELETE", "payload": ROW}, ("d", ROW, None)),
        ({"op": "Create", "payload": ROW}, ("c", None, ROW)),
        ({"op": "r", "payload": ROW}, ("r", None, ROW)),
    ],
)
def test_images(message: dict[str, Any], change: tuple[Any, ...]) -> None:
    assert change_of(a_message(**message)) == change


@pytest.mark.parametrize(
    ("message", "is_one"),
    [
        ({"op": "insert"}, True),
        ({"op": "delete"}, True),
        ({"op": "anything"}, True),
        ({"op": "TRUNCATE"}, False),
        ({"op": "delete", "before": OLD}, False),
        ({"op": "delete", "payload": ROW}, False),
    ],
)
def test_a_message_that_says_nothing_is_a_tombstone(
    message: dict[str, Any], *, is_one: bool
) -> None:
    assert is_tombstone(a_message(**{"payload": None, **message})) is is_one


@pytest.mark.parametrize(
    "payload",
    [
        b'{"after": 1, "before": 2, "id": 3}',
        b'{"after": 1}',
        b'{"after": {"before": 2}}',
        b'{"after": {"a": 1}, "befores": null}',
        b'{"before": 1}',
        b'{"after": 1, "before": 2}',
        b'{"after": {}, "before": "{}"}',
    ],
)
def test_members_with_these_names_among_others_are_columns(payload: bytes) -> None:
    assert change_of(a_message(payload=payload)) == ("c", None, payload)


def test_images_may_come_in_any_order_and_without_spaces() -> None:
    payload = b'{"before":%b,"after":%b}' % (OLD, ROW)
    assert change_of(a_message(op="update", payload=payload)) == ("u", OLD, ROW)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab{}"\\ü'), inner),
    max_leaves=5,
)
rows = st.dictionaries(st.text(max_size=5), values, max_size=4)


@given(rows, rows, st.booleans(), st.booleans())
def test_images_are_cut_out_byte_for_byte(
    before: Any, after: Any, escaped: bool, compact: bool
) -> None:
    separators = (",", ":") if compact else (", ", ": ")

    def text(row: Any) -> bytes:
        return json.dumps(row, ensure_ascii=escaped, separators=separators).encode()

    payload = text({"after": after, "before": before})
    change = change_of(a_message(op="update", payload=payload))
    assert change == ("u", text(before), text(after))


def test_an_image_of_numbers_of_any_length() -> None:
    row = b'{"n": %b}' % (b"1" * 131_072)
    assert change_of(a_message(op="update", payload=both(row, ROW))) == ("u", row, ROW)


@pytest.mark.parametrize("payload", [b"1", b"null", b'"text"', b"[1]", b"true"])
@pytest.mark.parametrize("op", ["insert", "delete"])
def test_a_payload_that_is_no_object_is_no_row(op: str, payload: bytes) -> None:
    assert the_error(op=op, payload=payload).reason == "payload_no_row"


def test_bytes_are_no_row() -> None:
    assert the_error(payload=b"{}", is_json=False).reason == "payload_no_row"


def test_images_that_are_nested_too_deeply_are_unreadable() -> None:
    deep = b'{"a": %b%b}' % (b"[" * 100_000, b"]" * 100_000)
    error = the_error(op="update", payload=both(deep, ROW))
    assert (error.reason, "nested too deeply" in error.message) == ("payload_unreadable", True)


@pytest.mark.parametrize("op", ["upsert", "OrderCreated", ""])
def test_an_op_that_no_row_undergoes(op: str) -> None:
    error = the_error(op=op, payload=ROW)
    assert error.reason == "op_unknown"
    assert "delete" in (error.hint or "")


@pytest.mark.parametrize(
    ("op", "payload", "words"),
    [
        ("insert", both(OLD, ROW), 'op "insert", but a row before it'),
        ("insert", both(b"null", b"null"), 'op "insert", but no row after it'),
        ("update", both(OLD, b"null"), 'op "update", but no row after it'),
        ("delete", both(OLD, ROW), 'op "delete", but a row after it'),
        ("delete", both(b"null", b"null"), 'op "delete", but no row before it'),
        ("snapshot", both(OLD, ROW), 'op "snapshot", but a row before it'),
        ("truncate", ROW, 'op "truncate", but a row after it'),
    ],
)
def test_images_that_contradict_the_op(op: str, payload: bytes, words: str) -> None:
    error = the_error(op=op, payload=payload)
    assert (error.reason, words in error.message) == ("row_contradicts_op", True)


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (b'{"a": 1, "b": "x"}', [1, "x"]),
        (b'{"b": true, "a": -5}', [-5, True]),
        (b'{"a": 1.50, "b": 12345678901234567890123}', [Decimal("1.50"), 12345678901234567890123]),
        (b'{"a": 1, "b": 2, "c": 1e999}', [1, 2]),
        (b'{"a": {"n": 0.10}, "b": [1.0]}', [{"n": Decimal("0.10")}, [Decimal("1.0")]]),
        (b'{"a": 1, "b": 2, "c": %b}' % (b"9" * 5000), [1, 2]),
    ],
)
def test_the_values_of_a_primary_key_are_exact(row: bytes, values: list[Any]) -> None:
    found = PrimaryKey(("a", "b")).of_text(row, a_message())
    assert repr(list(found.items())) == repr(list(zip("ab", values, strict=True)))


@pytest.mark.parametrize("row", [b'{"a": 1}', b'{"a": 1, "b": null}', b'{"a": 1.5, "b": null}'])
def test_a_primary_key_without_a_value(row: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        PrimaryKey(("a", "b")).of_text(row, a_message())
    assert (caught.value.stage, caught.value.reason) == ("encode", "primary_key_missing")
    assert "message 42 has no b" in caught.value.message
