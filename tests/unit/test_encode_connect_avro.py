"""Debezium's Avro: its schemas are made to the letter, and what it wrote is written again."""

import base64
import io
import json
import math
from typing import Any

import fastavro
import pytest

from pg_tide.encode import encoder
from pg_tide.encode.avro.connect import adjusted, avro_of, without_logic
from pg_tide.encode.avro.reader import read_schema
from pg_tide.encode.avro.writing import Writers
from pg_tide.encode.connect_avro import ConnectAvro
from pg_tide.encode.misfit import MisfitError
from pg_tide.errors import MessageError
from pg_tide.exact_json import write
from pg_tide.message import Message, Record, Route
from tests.fixtures.debezium_golden import golden, golden_schemas
from tests.fixtures.memory_registry import Encoding
from tests.fixtures.messages import a_config, a_message

SCHEMAS = golden_schemas()
URL = {"url": "http://registry:8081"}


def parts(name: str) -> list[tuple[str, str, bytes]]:
    """The topic, key or value, and what was written."""
    return [
        (one.topic.split(".")[-1], part, content)
        for one in golden(name)
        for part, content in (("key", one.key), ("value", one.value))
        if content
    ]


CONNECT = {
    (topic, part): json.loads(text.replace(b"json_schemas.", b"avro."))
    for topic, part, text in parts("json_schemas")
    if json.loads(text)["schema"] is not None
}
AVRO = {(topic, part): int.from_bytes(raw[1:5], "big") for topic, part, raw in parts("avro")}


@pytest.mark.parametrize("which", AVRO)
def test_schemas_are_those_of_connects_converter_to_the_letter(which: tuple[str, str]) -> None:
    expected = SCHEMAS[AVRO[which]]
    assert json.dumps(avro_of(CONNECT[which]["schema"])) == json.dumps(expected)


def as_json(found: Any) -> Any:
    """What Connect's JsonConverter makes of a value."""
    if isinstance(found, dict):
        return {name: as_json(part) for name, part in found.items()}
    if isinstance(found, list):
        return [as_json(part) for part in found]
    if isinstance(found, bytes):
        return base64.b64encode(found).decode()
    if isinstance(found, float) and not math.isfinite(found):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(found)]
    return found


@pytest.mark.parametrize("which", range(len(parts("avro"))))
def test_what_debezium_wrote_is_written_again_byte_for_byte(which: int) -> None:
    _, _, raw = parts("avro")[which]
    schema = without_logic(SCHEMAS[int.from_bytes(raw[1:5], "big")])
    value = fastavro.schemaless_reader(io.BytesIO(raw[5:]), fastavro.parse_schema(schema), None)
    parsed, named = read_schema(json.dumps(schema))
    found: list[bytes] = []
    Writers(named).of(parsed)(json.loads(json.dumps(as_json(value))), found.append)
    assert b"".join(found) == raw[5:]


class Written:
    """An encoder whose records are given."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value

    def __call__(self, _message: Message, route: Route) -> tuple[Record, ...]:
        key, value = (None if one is None else write(one) for one in (self.key, self.value))
        return (Record(route.topic, key, value, [], 0),)


def converted(written: Written) -> Encoding:
    config = a_config(wire_format="debezium", schema_registry=URL)
    return Encoding(lambda schemas: ConnectAvro(written, config, schemas))


def test_records_get_the_ids_of_their_schemas_and_tombstones_stay() -> None:
    written = Written(CONNECT["item", "key"], CONNECT["item", "value"])
    made = converted(written)
    route = Route("avro.public.item", None, [])
    first = made.record(a_message(), route)
    again = made.record(a_message(), route)
    subjects = made.registry.subjects
    assert list(subjects) == ["avro.public.item-key", "avro.public.item-value"]
    (key,), (value,) = subjects.values()
    assert json.loads(value.text) == SCHEMAS[8]
    assert (first.key or b"")[:5] == b"\0" + key.id.to_bytes(4, "big")
    assert (first.value or b"")[:5] == b"\0" + value.id.to_bytes(4, "big")
    assert (again.key, again.value) == (first.key, first.value)
    written.value = None
    assert made.record(a_message(), route).value is None


def test_a_key_that_is_a_text_is_a_string() -> None:
    schema = {"type": "string", "optional": False}
    made = converted(Written({"schema": schema, "payload": "k"}, None))
    record = made.record(a_message(), Route("t", None, []))
    assert [one.text for one in made.registry.subjects["t-key"]] == ['"string"']
    assert record.key == b"\0\0\0\0\1\2k"


def test_a_row_that_does_not_fit_is_a_message_error() -> None:
    value = json.loads(json.dumps(CONNECT["item", "value"]))
    value["payload"]["source"]["ts_ms"] = "soon"
    with pytest.raises(MessageError, match=r"source\.ts_ms: must be a whole number") as caught:
        converted(Written(None, value)).record(a_message(), Route("t", None, []))
    assert caught.value.reason == "schema_misfit"


def test_what_avro_does_not_have() -> None:
    with pytest.raises(MisfitError, match="is no name in Avro"):
        avro_of({"type": "struct", "fields": [{"type": "string", "field": "a-b"}]})
    with pytest.raises(MisfitError, match="which Avro does not have"):
        avro_of({"type": "int128"})
    one = {"type": "struct", "name": "a.B", "fields": []}
    other = {**one, "fields": [{"type": "string", "field": "c"}]}
    both = [{**one, "field": "x"}, {**other, "field": "y"}]
    with pytest.raises(MisfitError, match=r"two types with the name a\.B"):
        avro_of({"type": "struct", "name": "E", "fields": both})
    assert adjusted("pg-tide.1st.t é") == "pg_tide._1st.t__"


def keyed(payload: bytes | None, **changes: Any) -> tuple[Encoding, bytes | None]:
    names = changes.pop("primary_keys", ["id", "region"])
    options = {"primary_keys": names, "key_format": "avro", "schema_registry": URL}
    config = a_config(**options, wire_format=changes.pop("wire_format", "native"))
    made = Encoding(lambda schemas: encoder(config, schemas=schemas))
    route = Route("t", changes.pop("route_key"), [])
    return made, made.record(a_message(payload=payload, **changes), route).key


def test_keys_as_avro_of_any_format() -> None:
    made, key = keyed(b"{}", route_key='{"id":1,"region":"eu"}')
    assert key == b"\0\0\0\0\1\2\4eu"
    (schema,) = made.registry.subjects["t-key"]
    assert json.loads(schema.text)["fields"] == [
        {"name": "id", "type": "long"},
        {"name": "region", "type": "string"},
    ]
    avro, again = keyed(b'{"id": 1}', route_key='{"id":1,"region":"eu"}', wire_format="avro")
    assert list(avro.registry.subjects) == ["t-value", "t-key"]
    assert (again or b"")[5:] == (key or b"")[5:]
    _, none = keyed(None, route_key=None)
    assert none is None


@pytest.mark.parametrize("key", ["k", "[1]", '{"id":1}', '{"id":1,"region":{}}'])
def test_a_key_that_is_no_record_is_refused(key: str) -> None:
    with pytest.raises(MessageError, match="cannot be Avro") as caught:
        keyed(b"{}", route_key=key)
    assert caught.value.reason == "key_unwritable"


def test_the_columns_of_a_key_keep_their_types() -> None:
    made, key = keyed(b"{}", route_key='{"id":1.50}', primary_keys=["id"])
    assert key == b"\0\0\0\0\1\x081.50"
    with pytest.raises(MessageError, match=r"id: must be a number, not .x."):
        made.record(a_message(), Route("t", '{"id":"x"}', []))
