"""The formats that have a schema: where it comes from, how it grows, and what does not fit."""

import io
import json
import sys
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from pg_tide.encode import WITH_SCHEMAS, encoder
from pg_tide.encode.avro.reader import read_schema
from pg_tide.encode.avro.writing import Writers
from pg_tide.encode.protobuf.compiling import descriptors
from pg_tide.encode.reading import quick
from pg_tide.errors import ConfigurationError, FatalError, MessageError
from pg_tide.exact_json import write
from pg_tide.message import Route
from tests.fixtures.examples import examples
from tests.fixtures.memory_registry import Encoding, MemoryRegistry
from tests.fixtures.messages import a_config, a_message

URL = {"url": "http://registry:8081"}
ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "count", "type": "int", "default": 7},
    ],
}
PROTO = """
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Order {
  enum Color { NONE = 0; RED = 1; }
  message Line { string sku = 1; repeated int32 counts = 2; }
  int64 id = 1;
  google.protobuf.Timestamp placed_at = 2;
  map<string, double> prices = 3;
  Color color = 4;
  repeated Line lines = 5;
  bytes raw = 6;
  optional float ratio = 7;
}
"""


def encoding(name: str, registry: dict[str, Any] | None = None, **wire: Any) -> Encoding:
    options = {"schema_registry": URL | (registry or {}), "wire_config": wire}
    if wire.get("schema_location") == "embedded":
        del options["schema_registry"]
    config = a_config(wire_format=name, **options)
    return Encoding(lambda schemas: encoder(config, schemas=schemas))


def value(made: Encoding, payload: object, **changes: Any) -> bytes:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return made.record(a_message(payload=text, **changes), Route("orders", "k", [])).value or b""


def refusal(made: Encoding, payload: object) -> MessageError:
    with pytest.raises(MessageError) as caught:
        value(made, payload)
    assert caught.value.stage == "encode"
    return caught.value


def read_avro(made: Encoding, record: bytes) -> Any:
    assert record[0] == 0
    wanted = int.from_bytes(record[1:5], "big")
    texts = {one.id: one.text for found in made.registry.subjects.values() for one in found}
    parsed = fastavro.parse_schema(json.loads(texts[wanted]))
    body = io.BytesIO(record[5:])
    found = fastavro.schemaless_reader(body, parsed, None)
    assert body.read() == b""
    return found


@pytest.mark.parametrize("name", WITH_SCHEMAS)
@pytest.mark.parametrize("location", ["registry", "embedded"])
def test_a_tombstone_needs_no_schema(name: str, location: str) -> None:
    made = encoding(name, schema_location=location)
    record = made.record(a_message(payload=None), Route("orders", "k", []))
    assert (record.key, record.value) == (b"k", None)
    assert made.registry.subjects == {}


@pytest.mark.parametrize("name", WITH_SCHEMAS)
def test_without_a_registry_the_schema_must_be_embedded(name: str) -> None:
    with pytest.raises(ValueError, match=r"needs schema_registry\.url, or"):
        encoder(a_config(wire_format=name))


@pytest.mark.parametrize(
    ("name", "schema", "words"),
    [
        ("avro", "{", "is not JSON"),
        ("avro", {"type": "recor"}, "UnknownType"),
        ("avro", {"type": "array"}, "lacks"),
        ("avro", ORDER | {"fields": [{"name": "a", "type": "int", "default": "x"}]}, "Default"),
        ("protobuf", 'syntax = "proto3"; message A { strin a = 1 }', r"schema\.proto:1:\d+: Expec"),
        ("protobuf", 'syntax = "proto3";', "no message type"),
        ("json_schema", {"type": "strin"}, '"strin" is not valid'),
        ("json_schema", '"string"', "is no JSON object"),
        ("json_schema", {"$ref": "file:///etc/hostname"}, "is not within it"),
    ],
)
def test_what_is_no_schema_is_told_at_the_start(name: str, schema: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        encoding(name, schema=schema)
    assert str(caught.value).startswith("wire_config.schema: is no schema of ")
    assert "pg-tide-proto" not in str(caught.value)


def test_a_given_schema_is_registered_once_a_topic_and_defaults_stand_in() -> None:
    made = encoding("avro", schema=ORDER)
    assert read_avro(made, value(made, {"id": 1})) == {"id": 1, "note": None, "count": 7}
    assert read_avro(made, value(made, {"id": 2, "note": "é", "count": -1})) == {
        "id": 2,
        "note": "é",
        "count": -1,
    }
    assert [json.loads(one.text) for one in made.registry.subjects["orders-value"]] == [ORDER]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"note": "a"}, "id: is missing, and has no default"),
        ({"id": "1"}, 'id: must be a whole number, not "1"'),
        ({"id": True}, "id: must be a whole number, not true"),
        ({"id": 2**63}, "id: must be between -9223372036854775808"),
        ({"id": 1, "count": 2**31}, "count: must be between"),
        ({"id": 1, "note": 5}, "note: must be a string, not 5"),
        ({"id": 1, "other thing": 5}, '"other thing": is not in the schema'),
        ([1], "the whole of it: must be an object, not an array"),
        (b'"a\\ud800"', "must be an object"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_with_its_path(payload: Any, words: str) -> None:
    error = refusal(encoding("avro", schema=ORDER), payload)
    assert words in error.message
    assert error.reason == "schema_misfit"


def test_members_that_the_schema_lacks_may_be_dropped() -> None:
    made = encoding("avro", schema=ORDER, unknown_fields="drop")
    assert read_avro(made, value(made, {"id": 1, "more": 2}))["id"] == 1
    other = encoding("protobuf", schema=PROTO, unknown_fields="drop")
    assert value(other, {"id": 1, "more": 2}) == value(other, {"id": 1})


@pytest.mark.parametrize(
    ("strategy", "subject"),
    [
        ("TopicNameStrategy", "orders-value"),
        ("RecordNameStrategy", "shop.Order"),
        ("TopicRecordNameStrategy", "orders-shop.Order"),
    ],
)
@pytest.mark.parametrize("name", ["avro", "protobuf"])
def test_subjects_are_named_by_strategy(name: str, strategy: str, subject: str) -> None:
    schema = ORDER if name == "avro" else PROTO
    made = encoding(name, {"subject_name_strategy": strategy}, schema=schema)
    value(made, {"id": 1})
    assert list(made.registry.subjects) == [subject]


def test_a_version_of_the_registry_is_used_and_so_is_the_latest() -> None:
    text = json.dumps(ORDER)
    one = encoding("avro", schema={"subject": "shop", "version": 2})
    latest = encoding("avro", {"use_latest_version": True})
    for made, subject in ((one, "shop"), (latest, "orders-value")):
        made.registry.add(subject, text.replace("note", "remark"))
        second = made.registry.add(subject, text)
        made.registry.add("elsewhere", "{}")
        assert value(made, {"id": 1, "note": "a"})[:5] == b"\0" + second.id.to_bytes(4, "big")


def test_a_schema_that_was_forgotten_is_needed_again() -> None:
    made = encoding("avro", schema=ORDER)
    first = value(made, {"id": 1})
    made.schemas.forget(1)
    made.registry = MemoryRegistry()
    made.registry.add("other", '"string"')
    assert value(made, {"id": 1})[:5] == b"\0\0\0\0\2" != first[:5]


def versions(made: Encoding) -> list[Any]:
    return [one.text for one in made.registry.subjects.get("orders-value", ())]


@pytest.mark.parametrize("name", WITH_SCHEMAS)
def test_a_derived_schema_grows_by_members_and_survives_a_restart(name: str) -> None:
    made = encoding(name)
    grows: list[Any] = [
        {"id": 1, "at": None},
        {"id": 2},
        {"name": "a", "id": 3},
        {"id": 4, "lines": [{"sku": "x"}, {"sku": "y", "price": 1.5}], "ok": True},
        {"id": 5, "lines": [{"sku": None}], "at": {"x": 1.25}},
    ]
    for payload in grows:
        value(made, payload)
    before = versions(made)
    assert len(before) == 4
    again = encoding(name)
    again.registry = made.registry
    for payload in grows:
        value(again, payload)
    assert versions(again) == before
    value(again, {"id": 1, "new": 2})
    assert len(versions(again)) == len(before) + 1


@pytest.mark.parametrize("name", WITH_SCHEMAS)
@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        ({"a": 1}, {"a": "x"}, "a: is a string, and was a whole number"),
        ({"a": {"b": 1}}, {"a": [1]}, "a: is an array, and was an object"),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "x"}, {"b": 1}]}, "a[1].b: is a whole number, and"),
        ({"a": True}, {"a": 1.5}, "a: is a number with a fraction, and was true or false"),
        ({"a": 1}, [1], "the whole of it: is an array, and was an object"),
    ],
)
def test_a_conflict_of_types_names_its_path(name: str, first: Any, second: Any, path: str) -> None:
    made = encoding(name)
    value(made, first)
    before = versions(made)
    error = refusal(made, second)
    assert path in error.message
    assert error.reason == "schema_conflict"
    assert versions(made) == before
    assert value(made, first)


def test_whole_numbers_may_become_fractions_but_for_protobuf() -> None:
    for name in ("avro", "json_schema"):
        made = encoding(name)
        value(made, {"a": 1})
        value(made, {"a": 1.5})
        assert len(versions(made)) == 2
        value(made, {"a": 2})
    made = encoding("protobuf")
    value(made, {"a": 1})
    assert "a: is a number with a fraction" in refusal(made, {"a": 1.5}).message


def test_numbers_keep_their_digits_or_are_refused() -> None:
    long = b'{"a": 1.50, "b": 0.12345678901234567890123456789}'
    assert "b: 0.1234567890123456789012" in refusal(encoding("avro"), long).message
    assert "has more digits than a double" in refusal(encoding("protobuf"), long).message
    made = encoding("avro", fractions="string")
    found = {"a": "1.50", "b": "0.12345678901234567890123456789"}
    assert read_avro(made, value(made, long)) == found
    assert read_avro(made, value(made, b'{"a": 2.50}'))["a"] == "2.50"
    assert value(encoding("json_schema"), long)[5:] == long
    assert "a: must be between" in refusal(encoding("avro"), b'{"a": 1%b}' % (b"0" * 30)).message


@pytest.mark.parametrize("name", ["avro", "protobuf"])
def test_names_that_the_format_does_not_take_are_refused(name: str) -> None:
    error = refusal(encoding(name), {"a": {"first-name": 1}})
    assert "a.first-name: is no name in" in error.message
    assert value(encoding("json_schema"), b'{"first-name":1}')[5:] == b'{"first-name":1}'


def test_a_foreign_schema_is_no_ground_to_derive_on() -> None:
    made = encoding("avro")
    made.registry.add("orders-value", json.dumps(ORDER))
    with pytest.raises(FatalError, match="was not derived") as caught:
        value(made, {"id": 1})
    assert caught.value.reason == "schema_foreign"


def test_embedded_avro_is_a_container_file() -> None:
    made = encoding("avro", schema_location="embedded")
    payload = {"id": 1, "lines": [{"sku": "é"}], "total": 1.5, "none": None}
    reader = fastavro.reader(io.BytesIO(value(made, payload)))
    assert list(reader) == [{"id": 1, "lines": [{"sku": "é"}], "total": 1.5}]


def test_embedded_protobuf_has_its_descriptors() -> None:
    made = encoding("protobuf", schema_location="embedded", schema=PROTO)
    record = value(made, {"id": 5, "placed_at": "2026-01-02T03:04:05Z"})
    text = (
        'syntax = "proto3"; message SelfContained '
        "{ bytes schema = 1; string type_name = 2; bytes message = 3; }"
    )
    outer = message_of(descriptors(text), "SelfContained", record)
    files = descriptor_pb2.FileDescriptorSet.FromString(outer.schema)
    inner = message_of(files, outer.type_name, outer.message)
    assert (inner.id, inner.placed_at.seconds) == (5, 1_767_323_045)


def message_of(files: descriptor_pb2.FileDescriptorSet, name: str, body: bytes) -> Any:
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name)).FromString(body)


def test_embedded_json_names_its_schema() -> None:
    schema = {"$id": "https://shop/order.json", "type": "object"}
    made = encoding("json_schema", schema_location="embedded", schema=schema)
    assert value(made, b'{"a": 1.50}') == b'{"$schema":"https://shop/order.json","a": 1.50}'
    assert value(made, b"{}") == b'{"$schema":"https://shop/order.json"}'
    assert "of its own" in refusal(made, {"$schema": "x"}).message
    assert value(made, {"a": {"$schema": "x"}})


def test_protobuf_by_a_given_schema() -> None:
    made = encoding("protobuf", schema=PROTO)
    payload = {
        "id": "9007199254740993",
        "placedAt": "2026-01-02T03:04:05.5Z",
        "prices": {"a": 1.5},
        "color": "RED",
        "lines": [{"sku": "x", "counts": [1, 2]}, {}],
        "raw": "\\x0102",
        "ratio": 0.1,
    }
    record = value(made, payload)
    assert record[:6] == b"\0\0\0\0\1\0"
    found = message_of(descriptors(PROTO), "shop.Order", record[6:])
    assert (found.id, found.placed_at.nanos, found.color) == (9_007_199_254_740_993, 500_000_000, 1)
    assert (dict(found.prices), found.raw) == ({"a": 1.5}, b"\1\2")
    assert [(line.sku, list(line.counts)) for line in found.lines] == [("x", [1, 2]), ("", [])]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"id": 1.5}, "id: must be a whole number, not 1.5"),
        ({"color": "BLUE"}, "color: must be one of NONE, RED, not"),
        ({"lines": [{"counts": [1, None]}]}, "lines[0].counts[1]: is null"),
        ({"lines": {}}, "lines: must be an array, not an object"),
        ({"placed_at": "soon"}, "placed_at: is no google.protobuf.Timestamp"),
        ({"prices": {"a b": "x"}}, 'prices."a b": must be a number, not "x"'),
        ({"raw": "!"}, "raw: must be base64"),
        ({"ratio": 0.12345678901}, "ratio: 0.12345678901 has more digits than a float"),
        ({"nope": 1}, "nope: is not in the schema"),
        ([], "the whole of it: must be an object"),
    ],
)
def test_what_does_not_fit_protobuf(payload: Any, words: str) -> None:
    assert words in refusal(encoding("protobuf", schema=PROTO), payload).message


def test_json_that_its_schema_refuses() -> None:
    schema = {"type": "object", "properties": {"a": {"items": {"type": "integer"}}}}
    made = encoding("json_schema", schema=schema)
    assert value(made, b'{"a": [1, 2],  "b": 1.50}')[5:] == b'{"a": [1, 2],  "b": 1.50}'
    error = refusal(made, {"a": [1, "x"]})
    assert 'a[1]: "x" is not of type "integer"' in error.message
    assert error.reason == "schema_misfit"


# What is written for each type of Avro, and what is read back.
TYPES: list[tuple[Any, Any, Any]] = [
    ("null", None, None),
    ("boolean", True, True),
    ("int", -(2**31), -(2**31)),
    ("long", 2**63 - 1, 2**63 - 1),
    ("double", Decimal("0.1"), 0.1),
    ("double", "-Infinity", float("-inf")),
    ("float", Decimal("0.5"), 0.5),
    ("bytes", "AQI=", b"\1\2"),
    ("bytes", "\\x0102", b"\1\2"),
    ({"type": "fixed", "name": "f", "size": 2}, "AQI=", b"\1\2"),
    ({"type": "enum", "name": "e", "symbols": ["A", "B"]}, "B", "B"),
    ({"type": "map", "values": "int"}, {"a": 1, "é": 2}, {"a": 1, "é": 2}),
    ({"type": "array", "items": ["null", "int"]}, [1, None], [1, None]),
    (["int", "string", "null"], "a", "a"),
    (["null", "double", {"type": "array", "items": "int"}], [1], [1]),
]
LOGICAL: list[tuple[Any, Any, bytes]] = [
    ({"type": "int", "logicalType": "date"}, "1970-01-02", b"\2"),
    ({"type": "int", "logicalType": "date"}, 1, b"\2"),
    ({"type": "int", "logicalType": "time-millis"}, "00:00:00.001", b"\2"),
    ({"type": "long", "logicalType": "time-micros"}, "00:00:00.000001", b"\2"),
    ({"type": "long", "logicalType": "timestamp-millis"}, "1970-01-01T01:00:00.001+01:00", b"\2"),
    ({"type": "long", "logicalType": "timestamp-micros"}, "1970-01-01T00:00:00.000001Z", b"\2"),
    (
        {"type": "long", "logicalType": "local-timestamp-micros"},
        "1970-01-01 00:00:00.000001",
        b"\2",
    ),
    ({"type": "string", "logicalType": "uuid"}, "a", b"\2a"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}, 12.3, b"\4\4\xce"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, -1, b"\2\x9c"),
    (
        {"type": "fixed", "name": "d", "size": 3, "logicalType": "decimal", "precision": 4},
        "-1",
        b"\xff\xff\xff",
    ),
]


def written(schema: Any, wanted: Any) -> bytes:
    parsed, named = read_schema(json.dumps(schema))
    found: list[bytes] = []
    Writers(named).of(parsed)(wanted, found.append)
    return b"".join(found)


@pytest.mark.parametrize(("schema", "wanted", "expected"), TYPES)
def test_every_type_of_avro_is_written(schema: Any, wanted: Any, expected: Any) -> None:
    body = io.BytesIO(written(schema, wanted))
    assert fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None) == expected


@pytest.mark.parametrize(("schema", "wanted", "expected"), LOGICAL)
def test_logical_types_of_avro(schema: Any, wanted: Any, expected: bytes) -> None:
    assert written(schema, wanted) == expected


def test_types_within_themselves_and_defaults_of_any_type() -> None:
    tree = {
        "type": "record",
        "name": "Tree",
        "fields": [
            {"name": "left", "type": ["null", "Tree"], "default": None},
            {"name": "raw", "type": "bytes", "default": "\u00ff"},
            {"name": "list", "type": {"type": "array", "items": "int"}, "default": [1]},
            {"name": "many", "type": {"type": "map", "values": "string"}, "default": {"a": "b"}},
            {"name": "one", "type": ["int", "null"], "default": 3},
        ],
    }
    plain = {"left": None, "raw": b"\xff", "list": [1], "many": {"a": "b"}, "one": 3}
    body = io.BytesIO(written(tree, {"left": {}}))
    read = fastavro.schemaless_reader(body, fastavro.parse_schema(tree), None)
    assert read == {**plain, "left": plain}


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
)
PAYLOADS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=5,
)


def without_nulls(found: Any) -> Any:
    if isinstance(found, dict):
        members = {name: without_nulls(part) for name, part in found.items()}
        return {name: part for name, part in members.items() if part is not None}
    return [without_nulls(part) for part in found] if isinstance(found, list) else found


def exactly(found: Any) -> Any:
    """Numbers as Decimal, so that what was rounded shows."""
    if isinstance(found, dict):
        return {name: exactly(part) for name, part in found.items()}
    if isinstance(found, list):
        return [exactly(part) for part in found]
    return Decimal(repr(found)) if isinstance(found, float) else found


def value_unless_refused(made: Encoding, raw: bytes) -> bytes | None:
    """The record, or None where it was refused for a reason."""
    try:
        return value(made, raw)
    except MessageError as error:
        if error.reason not in {"schema_misfit", "schema_conflict"}:
            raise
    return None


@settings(max_examples=examples(150), deadline=None)
@given(PAYLOADS)
def test_any_payload_comes_back_from_avro_or_is_refused(payload: Any) -> None:
    """As PostgreSQL has it: null and absent are the same in what was derived."""
    made = encoding("avro")
    raw = write(payload)
    record = value_unless_refused(made, raw)
    if record is None:
        return
    found = exactly(read_avro(made, record))
    assert without_nulls(found) == without_nulls(exactly(json.loads(raw, parse_float=Decimal)))


@pytest.mark.parametrize(
    "text",
    [
        b"1E-300000",
        b"1E+300000",
        b"[12345678901234567890]",
        b"0.12345678901234567",
        b"-1.5E-200000",
    ],
)
def test_numbers_that_would_be_rounded_are_read_the_exact_way(text: bytes) -> None:
    assert quick(text) is None
    assert quick(b'{"a": -1.5, "b": 1234567890123456, "c": "E-00"}') is not None
    assert quick(b"[-9223372036854775808, 9999999999999999999]") == [-(2**63), 10**19 - 1]


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_written_as_fastavro_writes_them(number: int) -> None:
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, "long", number)
    assert written("long", number) == expected.getvalue()


def of_message(found: Any) -> Any:
    if hasattr(found, "ListFields"):
        return {field.name: of_message(part) for field, part in found.ListFields()}
    if isinstance(found, float):
        return Decimal(repr(found))
    if isinstance(found, str | int):
        return found
    return [of_message(part) for part in found]


def as_protobuf_has_it(found: Any) -> Any:
    """Null, absent and an empty array are one."""
    if isinstance(found, dict):
        members = {name: as_protobuf_has_it(part) for name, part in found.items()}
        return {name: part for name, part in members.items() if part is not None and part != []}
    return [as_protobuf_has_it(part) for part in found] if isinstance(found, list) else found


@settings(max_examples=examples(25), deadline=None)
@given(PAYLOADS)
def test_any_payload_comes_back_from_protobuf_or_is_refused(payload: Any) -> None:
    made = encoding("protobuf")
    raw = write(payload)
    record = value_unless_refused(made, raw)
    if record is None:
        return
    (schema,) = made.registry.subjects["orders-value"]
    found = of_message(message_of(descriptors(schema.text), "pg_tide.Orders", record[6:]))
    assert found == as_protobuf_has_it(exactly(json.loads(raw, parse_float=Decimal)))


@settings(max_examples=examples(50), deadline=None)
@given(PAYLOADS)
def test_any_payload_is_json_by_its_schema(payload: Any) -> None:
    raw = write(payload)
    record = value_unless_refused(encoding("json_schema"), raw)
    assert record is None or record[5:] == raw


@pytest.mark.parametrize(
    ("name", "library", "part"),
    [
        ("avro", "fastavro", "avro"),
        ("protobuf", "grpc_tools", "protobuf"),
        ("json_schema", "jsonschema_rs", "json_schema"),
    ],
)
def test_what_is_not_installed_is_told(
    name: str, library: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    for module in list(sys.modules):
        if module.startswith(f"pg_tide.encode.{part}"):
            monkeypatch.delitem(sys.modules, module)
    with pytest.raises(ConfigurationError, match="is not installed") as caught:
        encoding(name)
    assert "Install pg-tide[" in (caught.value.hint or "")
