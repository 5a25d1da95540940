"""`debezium` where no golden record says: options, what is not declared, and what can not go."""

import json
from base64 import b64decode
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.encode import encoder
from pg_tide.errors import ConfigurationError, MessageError
from pg_tide.exact_json import parse, write
from pg_tide.message import Message, Record, Route
from pg_tide.stages import Stages
from tests.fixtures.messages import a_config, a_message

ROUTE = Route("t", "ké", [("own", b"1")], b"p")


def records(message: Message, route: Route = ROUTE, **options: Any) -> tuple[Record, ...]:
    """Return the records of a message."""
    config = a_config(wire_format="debezium", wire_config=options)
    return encoder(config, lambda: 2_000_000_000.25)(message, route)


def event(message: Message, **options: Any) -> dict[str, Any]:
    """Return the event of a message, without its schema."""
    value = records(message, **options)[0].value
    assert value is not None
    found = parse(value)
    return dict(found["payload"] if options.get("schemas") else found)


def refused(message: Message, **options: Any) -> MessageError:
    with pytest.raises(MessageError) as caught:
        records(message, **options)
    assert caught.value.stage == "encode"
    return caught.value


def a_row(text: str, op: str = "insert", **changes: Any) -> Message:
    return a_message(payload=text.encode(), op=op, **changes)


def test_a_row_stands_in_the_event_byte_for_byte() -> None:
    (record,) = records(a_message())
    assert record.value is not None
    after = b'"after":{"order_id": "ord-12345", "total": 99.90},"source":{'
    assert record.value.startswith(b'{"before":null,' + after)
    assert record.value.endswith(
        b'"op":"c","ts_ms":2000000000250,"ts_us":2000000000250000,"ts_ns":2000000000250000000}'
    )
    assert (record.topic, record.key, record.partition_by) == ("t", "ké".encode(), b"p")
    assert record.timestamp_ms == 1_769_860_800_123
    assert record.headers[-1] == ("own", b"1")
    assert len(record.headers) == 5


@pytest.mark.parametrize(
    ("source", "table", "found"),
    [
        (None, None, ("tide", "orders")),
        ("shop.orders", None, ("shop", "orders")),
        (None, "a.b%d", ("a", "b%d")),
        ("shop.orders", 'it"ems', ("public", 'it"ems')),
    ],
)
def test_where_it_is_from(source: str | None, table: str | None, found: tuple[str, str]) -> None:
    options = {"server_name": 'se"rver%', "database": "sh%op", "table": table}
    told = event(a_message(source=source), **options)["source"]
    assert (told["name"], told["db"]) == ('se"rver%', "sh%op")
    assert (told["schema"], told["table"]) == found
    assert (told["ts_ms"], told["ts_us"]) == (1_769_860_800_123, 1_769_860_800_123_456)


@pytest.mark.parametrize(
    ("how", "op", "snapshot"),
    [("create", "c", "false"), ("read", "r", "true"), ("null_before", "u", "false")],
)
def test_an_update_without_an_old_row(how: str, op: str, snapshot: str) -> None:
    found = event(a_row('{"id": 1}', "update"), update_without_before=how)
    assert (found["op"], found["before"], found["after"]) == (op, None, {"id": 1})
    assert found["source"]["snapshot"] == snapshot


def test_an_update_with_an_old_row_stays_one() -> None:
    message = a_row('{"id": 1}', "update", before=b'{"id": 1, "a": 2}')
    found = event(message, primary_keys="id")
    assert (found["op"], found["before"], found["after"]) == ("u", {"id": 1, "a": 2}, {"id": 1})


def test_tombstones_may_be_left_out() -> None:
    gone = a_row('{"id": 1}', "delete")
    assert [r.value is None for r in records(gone)] == [False, True]
    assert [r.value is None for r in records(gone, tombstones=False)] == [False]
    moved = a_row('{"after": {"id": 2}, "before": {"id": 1}}', "update")
    keys = [(r.key, r.value is None) for r in records(moved, primary_keys="id")]
    assert keys == [(b'{"id":1}', False), (b'{"id":1}', True), (b'{"id":2}', False)]
    assert len(records(moved, primary_keys="id", tombstones=False)) == 2


def test_context_headers_may_be_left_out() -> None:
    (record,) = records(a_message(), extended_headers=False)
    assert record.headers == [("own", b"1")]


@pytest.mark.parametrize(
    ("key", "schemas", "found"),
    [
        ("k", False, b"k"),
        ("k", True, b'{"schema":{"type":"string","optional":false},"payload":"k"}'),
        (None, True, None),
    ],
)
def test_without_primary_keys_the_key_is_the_routes(
    key: str | None, schemas: bool, found: bytes | None
) -> None:
    for message in (a_message(), a_message(payload=None)):
        (record,) = records(message, Route("t", key, []), schemas=schemas)
        assert record.key == found


def test_a_key_has_its_columns_in_order_and_its_digits() -> None:
    row = '{"a": 12345678901234567890123, "b": "x", "c": 1.50}'
    assert records(a_row(row), primary_keys="c,b,a")[0].key == (
        b'{"c":1.50,"b":"x","a":12345678901234567890123}'
    )


def test_a_key_with_a_schema_has_declared_and_other_columns() -> None:
    options: dict[str, Any] = {
        "primary_keys": ["a", "b"],
        "columns": ["b smallint"],
        "schemas": True,
    }
    (record,) = records(a_row('{"a": "x", "b": 2}'), **options)
    key = json.loads(record.key or b"")
    assert key["payload"] == {"a": "x", "b": 2}
    assert key["schema"] == {
        "type": "struct",
        "fields": [
            {"type": "string", "optional": False, "field": "a"},
            {"type": "int16", "optional": False, "field": "b"},
        ],
        "optional": False,
        "name": "pg-tide.tide.orders.Key",
    }


def test_a_tombstone_has_the_key_that_its_own_key_says() -> None:
    message = a_message(payload=None, key='{"b": 2, "id": 1}')
    (record,) = records(message, primary_keys="id")
    assert (record.key, record.value) == (b'{"id":1}', None)
    assert refused(a_message(payload=None), primary_keys="id").reason == "primary_key_missing"


@pytest.mark.parametrize(
    ("message", "options", "reason", "words"),
    [
        (a_row("[1]"), {}, "payload_no_row", "no JSON object"),
        (a_row("null"), {}, "payload_no_row", "no JSON object"),
        (a_row("{}", "OrderPaid"), {}, "op_unknown", "OrderPaid"),
        (a_row('{"id": null}'), {"primary_keys": "id"}, "primary_key_missing", "has no id"),
        (a_row('{"a": 1}'), {"primary_keys": "id"}, "primary_key_missing", "has no id"),
        (a_row('{"a": 1}'), {"columns": ["a text"]}, "column_unfit", "must be a text"),
    ],
)  # fmt: skip
def test_what_can_not_go(
    message: Message, options: dict[str, Any], reason: str, words: str
) -> None:
    error = refused(message, **options)
    assert error.reason == reason
    assert words in error.message


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("smallint", "32768"),
        ("int", "2147483648"),
        ("bigint", "9223372036854775808"),
        ("int", "1.0"),
        ("int", '"1"'),
        ("int", "true"),
        ("boolean", "1"),
        ("text", "1"),
        ("text[]", '"a"'),
        ("text[]", "[1]"),
        ("numeric(4,2)", "1.001"),
        ("numeric", '"1"'),
        ("numeric", "true"),
        ("real", '"inf"'),
        ("double precision", "1" + "0" * 400),
        ("bytea", '"00"'),
        ("bytea", '"\\\\x0"'),
        ("date", '"infinity"'),
        ("date", "1"),
        ("timestamp", '"2026-01-01T00:00:00Z"'),
        ("timestamptz", '"2026-01-01T00:00:00"'),
        ("timestamptz", '"0001-01-01T00:00:00+02"'),
        ("time", '"25:00"'),
        ("time", '"01:00+02"'),
        ("timetz", '"01:00"'),
    ],
)
def test_values_that_their_column_can_not_have(column: str, value: str) -> None:
    error = refused(a_row(f'{{"a": {value}}}'), columns=[f"a {column}"])
    assert error.reason == "column_unfit"
    assert "a of message 42 must " in error.message


@pytest.mark.parametrize(
    ("column", "value", "options", "found"),
    [
        ("timestamp(3)", '"1970-01-01T00:00:01.5"', {}, 1500),
        ("timestamp(4)", '"1970-01-01T00:00:01.5"', {}, 1_500_000),
        ("timestamp", '"1970-01-01T00:00:01.5"', {"time_precision": "connect"}, 1500),
        ("time(0)", '"00:00:01"', {}, 1000),
        ("time", '"24:00:00"', {}, 86_400_000_000),
        ("timetz", '"01:00:00.50+02"', {}, "23:00:00.5Z"),
        ("timestamptz", '"2026-01-01 00:00:00+05:30"', {}, "2025-12-31T18:30:00.000000Z"),
        ("numeric(3)", "12", {}, "DA=="),
        ("numeric", "12", {}, {"scale": 0, "value": "DA=="}),
        ("numeric(4,2)", "12.50", {"decimal_handling": "string"}, "12.50"),
        ("numeric(4,2)", "12.50", {"decimal_handling": "double"}, Decimal("12.5")),
        ("double precision", "12", {}, Decimal("12.0")),
        ("jsonb", '{"a": [1.50, "\\u00e9\\n", {}, []]}', {}, '{"a": [1.50, "é\\n", {}, []]}'),
        ("jsonb", '"x"', {}, '"x"'),
        ("int[]", "[1, null]", {}, [1, None]),
        ("inet", '"::1"', {}, "::1"),
        ("int", "null", {}, None),
    ],
)
def test_values_as_their_column_has_them(
    column: str, value: str, options: dict[str, Any], found: Any
) -> None:
    told = event(a_row(f'{{"a": {value}}}'), columns=[f"a {column}"], **options)
    assert told["after"] == {"a": found}


def test_declared_columns_come_first_and_are_never_missing() -> None:
    row = '{"z": 1, "b": 2.50, "a": 3}'
    found = event(a_row(row), columns=["a int", "missing text not null"])
    assert list(found["after"].items()) == [
        ("a", 3), ("missing", None), ("z", 1), ("b", Decimal("2.50")),
    ]  # fmt: skip


def test_with_schemas_a_column_that_is_not_null_must_have_a_value() -> None:
    error = refused(a_row("{}"), columns=["a text not null"], schemas=True)
    assert "a of message 42 must not be null" in error.message
    columns = ["a text not null default 'x'"]
    assert event(a_row("{}"), columns=columns, schemas=True)["after"] == {"a": None}


def test_a_default_that_does_not_fit_is_the_configurations_error() -> None:
    config = a_config(wire_format="debezium", wire_config={"columns": ["a int default 'x'"]})
    with pytest.raises(ConfigurationError, match="the default of a must be a whole number"):
        Stages.of(config, "orders")


def test_decimals_as_texts_where_no_column_is_declared() -> None:
    row = '{"a": 1.50, "b": 9223372036854775808, "c": 1, "d": {"e": 1.50}}'
    found = event(a_row(row), decimal_handling="string")["after"]
    assert found == {"a": "1.50", "b": "9223372036854775808", "c": 1, "d": {"e": Decimal("1.50")}}
    assert event(a_row(row), decimal_handling="double")["after"] == parse(row)


def test_schemas_of_what_is_not_declared() -> None:
    row = '{"a": 1, "b": "x", "c": true, "d": 1.5, "e": {"f": 2.50}, "g": null, "h": [1]}'
    (record,) = records(a_row(row), schemas=True)
    value = json.loads(record.value or b"")
    before, after = value["schema"]["fields"][:2]
    assert before["fields"] == after["fields"]
    types = {field["field"]: field.get("name", field["type"]) for field in after["fields"]}
    assert types == {
        "a": "int64",
        "b": "string",
        "c": "boolean",
        "d": "io.debezium.data.VariableScaleDecimal",
        "e": "io.debezium.data.Json",
        "g": "string",
        "h": "io.debezium.data.Json",
    }
    assert value["payload"]["after"] == {
        "a": 1,
        "b": "x",
        "c": True,
        "d": {"scale": 1, "value": "Dw=="},
        "e": '{"f": 2.50}',
        "g": None,
        "h": "[1]",
    }


def test_rows_of_different_columns_have_each_their_schema() -> None:
    both = a_row('{"after": {"a": 1.5, "b": 2}, "before": {"a": 1}}', "update")
    value = json.loads(records(both, schemas=True)[0].value or b"")
    before, after = value["schema"]["fields"][:2]
    assert [(f["field"], f["type"]) for f in before["fields"]] == [("a", "int64")]
    assert [(f["field"], f["type"]) for f in after["fields"]] == [("a", "struct"), ("b", "int64")]


SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False, places=20),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def value_of(node: dict[str, Any], value: Any) -> Any:
    """Read a value as Kafka Connect does by its schema."""
    if value is None:
        return None
    match node.get("name", node["type"]):
        case "io.debezium.data.Json":
            return parse(value)
        case "io.debezium.data.VariableScaleDecimal":
            unscaled = int.from_bytes(b64decode(value["value"]), "big", signed=True)
            return Decimal(f"{unscaled}E-{value['scale']}")
        case "int64":
            assert -(2**63) <= value < 2**63
    kinds = {"int64": int, "boolean": bool, "string": str}
    assert node["type"] not in kinds or type(value) is kinds[node["type"]]
    return value


@given(JSON)
def test_any_payload_comes_back_or_is_refused_in_words(payload: Any) -> None:
    message = a_message(payload=write(payload), source="public.orders")
    if not isinstance(payload, dict):
        assert refused(message).reason == refused(message, schemas=True).reason == "payload_no_row"
        return
    (plain,), (typed,) = records(message), records(message, schemas=True)
    assert write(parse(plain.value or b"")["after"]) == write(payload)
    told = parse(typed.value or b"")
    fields = {node["field"]: node for node in told["schema"]["fields"][1]["fields"]}
    row = told["payload"]["after"]
    assert {name: value_of(fields[name], value) for name, value in row.items()} == payload
    assert parse(plain.value or b"")["op"] == told["payload"]["op"] == "c"
