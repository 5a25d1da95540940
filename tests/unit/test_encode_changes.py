"""The formats of row changes and events: what every payload becomes, and what they refuse."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.v1.kafka import KafkaMessage as FirstKafkaMessage
from cloudevents.v1.kafka import from_binary as first_from_binary
from cloudevents.v1.kafka import from_structured as first_from_structured
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.encode import encoder
from pg_tide.encode.rows import row_of
from pg_tide.errors import MessageError
from pg_tide.exact_json import number_text, parse
from pg_tide.message import Message, Record, Route
from tests.fixtures.messages import a_config, a_message

ROUTE = Route("orders", "k", [("a", b"b")])
ROWS = ("maxwell", "kv", "cdc")

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**70)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
flat_rows = st.dictionaries(st.text('\\"ab: {},é\n', max_size=4), scalars, max_size=5)
rows = flat_rows | st.dictionaries(st.text(max_size=4), values, max_size=4)
ops = st.sampled_from(["insert", "update", "delete"])


def as_postgres(value: Any) -> bytes:
    """Return a value as jsonb prints it: spaces, all digits and no exponents."""
    if isinstance(value, dict):
        return b"{%b}" % b", ".join(
            json.dumps(name, ensure_ascii=False).encode() + b": " + as_postgres(part)
            for name, part in value.items()
        )
    if isinstance(value, list):
        return b"[%b]" % b", ".join(map(as_postgres, value))
    if isinstance(value, Decimal):
        return number_text(value).encode()
    return json.dumps(value, ensure_ascii=False).encode()


def encoded(name: str, message: Message, **wire_config: Any) -> tuple[Record, ...]:
    return encoder(a_config(wire_format=name, wire_config=wire_config))(message, ROUTE)


def the_value(name: str, message: Message, **wire_config: Any) -> Any:
    """Return the value of the one record, as texts where there are numbers."""
    (record,) = encoded(name, message, **wire_config)
    return None if record.value is None else texts(record.value)


def texts(text: bytes) -> Any:
    return json.loads(text, parse_int=lambda t: f"number {t}", parse_float=lambda t: f"number {t}")


@given(rows, ops)
def test_any_row_goes_through_with_the_text_of_its_numbers(row: dict[str, Any], op: str) -> None:
    payload = as_postgres(row)
    message = a_message(op=op, payload=payload)
    before, after = (texts(payload), None) if op == "delete" else (None, texts(payload))
    if set(row) != {"before", "after"}:
        assert the_value("kv", message) == after
        change = the_value("cdc", message)
        assert (change["before"], change["after"]) == (before, after)
        assert the_value("maxwell", message)["data"] == texts(payload)


@given(values, ops, st.sampled_from(ROWS))
def test_what_is_no_row_is_refused_and_says_why(value: Any, op: str, name: str) -> None:
    message = a_message(op=op, payload=as_postgres(value))
    if not isinstance(value, dict):
        assert refused(name, message).reason == "payload_no_row"


@given(rows, rows)
def test_old_has_the_columns_that_changed_and_no_others(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    message = a_message(op="update", payload=as_postgres(after), before=as_postgres(before))
    value = the_value("maxwell", message)
    old, new = parse(as_postgres(before)), parse(as_postgres(after))
    changed = {name for name in old if name not in new or typed(old[name]) != typed(new[name])}
    assert value["data"] == texts(as_postgres(after))
    assert value["old"].keys() == changed
    assert value["old"] == {name: texts(as_postgres(before))[name] for name in changed}


def typed(value: Any) -> Any:
    """Return a value that is equal to another only where JSON says the same."""
    return (type(value), value if not isinstance(value, dict | list) else as_postgres(value))


@given(flat_rows)
def test_rows_are_read_exactly_and_quickly(row: dict[str, Any]) -> None:
    text = as_postgres(row)
    assert repr(row_of(text, a_message())) == repr(parse(text))
    compact = json.dumps({name: str(value) for name, value in row.items()}).encode()
    assert row_of(compact, a_message()) == parse(compact)


@given(values, st.sampled_from(["structured", "binary"]), st.sampled_from(["insert", "done"]))
def test_the_sdk_reads_any_payload_back(value: Any, mode: str, op: str) -> None:
    payload = as_postgres(value)
    (record,) = encoded("cloudevents", a_message(payload=payload, op=op), mode=mode)
    if mode == "binary":
        assert record.value == payload
    else:
        assert texts(record.value or b"")["data"] == texts(payload)
    event = from_kafka(the_kafka_message(record), JSONFormat())
    assert event.get_data() == json.loads(payload)
    assert (event.get_id(), event.get_source()) == ("orders:42", "/pg_tide/orders")
    assert event.get_type() == f"pg_tide.orders.{op}"


def the_kafka_message(record: Record) -> KafkaMessage:
    headers = {name: value or b"" for name, value in record.headers}
    assert len(headers) == len(record.headers)
    return KafkaMessage(headers, record.key, record.value)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_sdk_reads_every_attribute_back(mode: str) -> None:
    message = a_message(headers={"trace": "é 1", "ce_type": "mine", "Content-Type": "text/html"})
    (record,) = encoded(
        "cloudevents",
        message,
        mode=mode,
        dataschema="https://schemas.example/ö/{op}",
        extensions={"tenant": 5, "trace": "{headers.trace}", "none": "{headers.none}"},
    )
    event = from_kafka(the_kafka_message(record), JSONFormat())
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": "orders:42",
        "source": "/pg_tide/orders",
        "type": "pg_tide.orders.insert",
        "subject": "ord-12345",
        "time": datetime(2026, 1, 31, 12, 0, 0, 123456, UTC),
        "datacontenttype": "application/json",
        "dataschema": "https://schemas.example/%C3%B6/insert",
        "tenant": "5",
        "trace": "é 1",
        "partitionkey": "k",
    }


def test_older_versions_of_the_sdk_read_it_too() -> None:
    (record,) = encoded("cloudevents", a_message(), mode="binary")
    event = first_from_binary(the_older_message(record))
    assert (event["id"], event["type"]) == ("orders:42", "pg_tide.orders.insert")
    assert event.get_data() == {"order_id": "ord-12345", "total": 99.9}
    (record,) = encoded("cloudevents", a_message())
    event = first_from_structured(the_older_message(record))
    assert event["time"] == "2026-01-31T12:00:00.123456Z"
    assert event.get_data() == {"order_id": "ord-12345", "total": 99.9}


def the_older_message(record: Record) -> FirstKafkaMessage:
    headers = {name: value or b"" for name, value in record.headers}
    return FirstKafkaMessage(headers, record.key or b"", record.value or b"")


def test_a_null_payload_is_an_event_without_data() -> None:
    message = a_message(payload=None)
    for mode, value in (("structured", True), ("binary", False)):
        (record,) = encoded("cloudevents", message, mode=mode)
        assert (record.value is not None) is value
        assert from_kafka(the_kafka_message(record), JSONFormat()).get_data() is None


def test_bytes_are_read_back_as_bytes() -> None:
    message = a_message(payload=b"\xff\x00", is_json=False)
    for mode in ("structured", "binary"):
        (record,) = encoded("cloudevents", message, mode=mode)
        event = from_kafka(the_kafka_message(record), JSONFormat())
        assert (event.get_data(), event.get_datacontenttype()) == (
            b"\xff\x00",
            "application/octet-stream",
        )


def refused(name: str, message: Message, **wire_config: Any) -> MessageError:
    with pytest.raises(MessageError) as caught:
        encoded(name, message, **wire_config)
    assert caught.value.stage == "encode"
    assert "message 42" in caught.value.message
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"payload": b"[1]"}, "payload_no_row"),
        ({"payload": b"null"}, "payload_no_row"),
        ({"payload": b"{}", "is_json": False}, "payload_no_row"),
        ({"op": "OrderPlaced"}, "op_unknown"),
        ({"payload": b'{"after": {}, "before": {}}'}, "row_contradicts_op"),
        ({"payload": b'{"id": null}'}, "primary_key_missing"),
        ({"payload": b'{"i": 1}'}, "primary_key_missing"),
        ({"op": "update", "payload": b'{"after": {}, "before": {"id": 1}}'}, "primary_key_missing"),
    ],
)
def test_what_no_format_of_rows_takes(name: str, message: dict[str, Any], reason: str) -> None:
    error = refused(name, a_message(**message), primary_keys="id")
    assert error.reason == reason


@pytest.mark.parametrize("name", ["kv", "maxwell"])
def test_a_truncate_goes_where_it_has_a_form(name: str) -> None:
    message = a_message(op="truncate", payload=None)
    assert refused(name, message).reason == "op_unknown"
    assert the_value("cdc", message)["_op"] == "truncate"


def test_a_row_without_a_key_is_no_key_and_value() -> None:
    encode = encoder(a_config(wire_format="kv"))
    for payload in (b"{}", None):
        with pytest.raises(MessageError, match="message 42 has no key") as caught:
            encode(a_message(payload=payload), Route("orders", None, []))
        assert caught.value.reason == "primary_key_missing"


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize(
    ("message", "wire_config", "attribute"),
    [
        ({"key": "a\nb"}, {}, "subject"),
        ({"key": "a\x85"}, {}, "subject"),
        ({"key": "a\ufffe"}, {}, "subject"),
        ({"op": "a\tb"}, {}, "type"),
        ({"headers": {"s": ""}}, {"source": "{headers.s}"}, "source"),
        ({"headers": {"t": ""}}, {"type": "{headers.t}"}, "type"),
        ({"headers": {"x": "\x00"}}, {"extensions": {"x": "{headers.x}"}}, "x"),
    ],
)
def test_attributes_that_no_event_may_have(
    mode: str, message: dict[str, Any], wire_config: dict[str, Any], attribute: str
) -> None:
    error = refused("cloudevents", a_message(**message), mode=mode, **wire_config)
    assert error.reason == "attribute_refused"
    assert f"attribute {attribute} of" in error.message


def test_an_attribute_that_an_event_must_have_is_the_messages_error() -> None:
    error = refused("cloudevents", a_message(), type="{headers.kind}")
    assert error.reason == "template_value_missing"
    assert "wire_config.type" in error.message


def test_unprintable_is_not_forbidden() -> None:
    (record,) = encoded("cloudevents", a_message(key="a\xa0b\u200e"), mode="binary")
    assert dict(record.headers)["ce_subject"] == "a\xa0b\u200e".encode()


@pytest.mark.parametrize(
    ("name", "wire_config", "words"),
    [
        ("cloudevents", {"subject": "{original.a}"}, r"wire_config.subject: \{original.a\}"),
        ("maxwell", {"zone_id": "Europe/Atlantis"}, 'no time zone "Europe/Atlantis"'),
        ("maxwell", {"zone_id": "/etc/passwd"}, 'no time zone "/etc/passwd"'),
        ("maxwell", {"zone_id": "+99:00"}, "wire_config.zone_id"),
    ],
)
def test_options_that_only_the_relay_finds_wrong(
    name: str, wire_config: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        encoder(a_config(wire_format=name, wire_config=wire_config))


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("2026-06-30T00:00:00.5+00:00", "2026-06-30 02:00:00.500000"),
        ("2026-01-31 12:00:00.123456+00", "2026-01-31 13:00:00.123456"),
        ("2026-01-31T12:00:00-05:30", "2026-01-31 18:30:00.000000"),
        ("2026-01-31T12:00:00Z", "2026-01-31 13:00:00.000000"),
        ("0001-01-01T00:00:00+00:00", "0001-01-01 01:05:21.000000"),
        ("0001-01-01T00:00:00+15:00", "0001-01-01T00:00:00+15:00"),
        ("2026-02-30T00:00:00+00:00", "2026-02-30T00:00:00+00:00"),
        ("12026-01-01T00:00:00+00:00", "12026-01-01T00:00:00+00:00"),
        ("2026-01-31T12:00:00", "2026-01-31T12:00:00"),
        ("infinity", "infinity"),
        ("at 2026-01-31T12:00:00Z", "at 2026-01-31T12:00:00Z"),
    ],
)
def test_times_in_the_zone_of_the_option(written: str, moved: str) -> None:
    message = a_message(payload=json.dumps({"at": written}).encode())
    assert the_value("maxwell", message, zone_id="Europe/Vienna")["data"] == {"at": moved}


@pytest.mark.parametrize(
    ("before", "after", "old"),
    [
        ("1", "true", "1"),
        ("0", "false", "0"),
        ("0.1", "0.1000000000000000055511151231257827", "0.1"),
        ("1.50", "1.5", None),
        ("12345678901234567890123", "12345678901234567890124", "12345678901234567890123"),
        ('{"n": 1}', '{"n": true}', '{"n": 1}'),
        ('{"n": 1.0}', '{"n": 1.0}', None),
        ("null", '"null"', "null"),
    ],
)
def test_what_counts_as_changed(before: str, after: str, old: str | None) -> None:
    rows = {"payload": f'{{"c": {after}}}'.encode(), "before": f'{{"c": {before}}}'.encode()}
    (record,) = encoded("maxwell", a_message(op="update", **rows))
    expected = "{}" if old is None else f'{{"c":{old}}}'
    assert (record.value or b"").endswith(f',"old":{expected}}}'.encode())


def test_an_attribute_that_would_be_empty_is_left_out() -> None:
    message = a_message(key="", headers={"x": ""})
    (record,) = encoded("cloudevents", message, mode="binary", extensions={"x": "{headers.x}"})
    assert not {"ce_x", "ce_subject"} & {name for name, _ in record.headers}
