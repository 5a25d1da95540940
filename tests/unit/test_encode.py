"""The wire formats. What `envelope` writes is compared with tests/fixtures/envelope.json."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.config import OPTIONS
from pg_tide.encode import FORMATS, WITH_SCHEMAS, encoder
from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, write
from pg_tide.message import Message, Record, Route
from tests.fixtures.messages import a_config, a_message

GOLDEN = Path(__file__).parent.parent / "fixtures" / "envelope.json"
ENVELOPES: list[dict[str, Any]] = json.loads(GOLDEN.read_text("utf-8"))
ROUTE = Route("orders", "ké", [("a", b"b")], b"p")


def the_record(name: str, message: Message, route: Route = ROUTE) -> Record:
    (record,) = encoder(a_config(wire_format=name))(message, route)
    return record


def golden_message(changes: dict[str, Any]) -> Message:
    payload = changes.get("payload")
    return a_message(**changes | ({"payload": payload.encode()} if payload else {}))


def test_native_is_the_payload_as_it_is() -> None:
    value = b'{"order_id": "ord-12345", "total": 99.90}'
    expected = Record("orders", "ké".encode(), value, [("a", b"b")], 1_769_860_800_123, b"p")
    assert the_record("native", a_message()) == expected


def test_every_format_is_an_option_and_has_an_encoder() -> None:
    (choices,) = (option.choices for option in OPTIONS if option.name == "wire_format")
    assert list(choices) == [*FORMATS, *WITH_SCHEMAS]


NUMBERS = st.integers(-(10**60), 10**60) | st.decimals(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab\u00e9"', max_size=2), inner)
    ),
    max_leaves=6,
)


@given(JSON)
def test_any_payload_comes_back_byte_for_byte(payload: Any) -> None:
    text = write(payload)
    for name in ("native", "raw", "debezium_outbox"):
        assert the_record(name, a_message(payload=text)).value == text
    envelope = the_record("envelope", a_message(payload=text)).value or b""
    assert envelope.endswith(b',"payload":%b}' % text)
    assert write(parse(envelope)["payload"]) == write(parse(text))


# kv has a key always, and an event in structured mode a value.
@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"kv", "cloudevents"}))
def test_tombstones_and_null_keys(name: str) -> None:
    record = the_record(name, a_message(payload=None), Route("orders", None, []))
    assert (record.key, record.value) == (None, None)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_key_is_not_a_null_key(name: str) -> None:
    assert the_record(name, a_message(), Route("orders", "", [])).key == b""


@pytest.mark.parametrize("golden", ENVELOPES)
def test_an_envelope_is_byte_for_byte_what_it_was(golden: dict[str, Any]) -> None:
    value = the_record("envelope", golden_message(golden["message"])).value
    assert (None if value is None else value.decode()) == golden["value"]


@pytest.mark.parametrize("golden", ENVELOPES)
def test_an_envelope_is_json_with_the_payload_in_it(golden: dict[str, Any]) -> None:
    message = golden_message(golden["message"])
    if message.payload is None:
        return
    envelope = json.loads(the_record("envelope", message).value or b"", parse_float=Decimal)
    assert envelope == {
        "outbox_id": message.id,
        "op": message.op,
        "stream_table": message.source or "orders",
        "dedup_key": message.dedup_key,
        "published_at": message.published_at,
        "headers": message.headers or {},
        "payload": json.loads(message.payload, parse_float=Decimal),
    }


def test_an_envelope_differs_from_native_in_its_value_alone() -> None:
    native, envelope = the_record("native", a_message()), the_record("envelope", a_message())
    assert native.value != envelope.value
    envelope.value = native.value
    assert envelope == native


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"raw", "debezium_outbox", "cloudevents"}))
def test_bytes_where_json_is_needed_are_the_messages_error(name: str) -> None:
    with pytest.raises(MessageError) as caught:
        the_record(name, a_message(payload=b"\xff", is_json=False))
    assert caught.value.stage == "encode"
    assert caught.value.reason in {"payload_unreadable", "payload_no_row"}
    assert "bytes" in caught.value.message


@pytest.mark.parametrize("payload", [b"\xff\x00", b"", b"{}"])
def test_raw_is_bytes_as_they_are(payload: bytes) -> None:
    assert the_record("raw", a_message(payload=payload, is_json=False)).value == payload


def test_raw_of_json_is_native() -> None:
    assert the_record("raw", a_message()) == the_record("native", a_message())


@pytest.mark.parametrize("name", FORMATS)
def test_the_time_of_a_record_may_be_when_it_is_made(name: str) -> None:
    clock = [1_000_000.1239]
    config = a_config(wire_format=name, record_timestamp="produced")
    encode = encoder(config, lambda: clock[0])
    assert [record.timestamp_ms for record in encode(a_message(), ROUTE)] == [1_000_000_123]
    clock[0] = 1_000_000.2
    assert [record.timestamp_ms for record in encode(a_message(), ROUTE)] == [1_000_000_200]
