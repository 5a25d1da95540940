"""Whole records, byte for byte, as tests/golden has them: the README there says from where."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pg_tide.encode import encoder
from pg_tide.message import Headers, Message, Record
from pg_tide.route import Router
from tests.fixtures.messages import a_config, a_message

GOLDEN = Path(__file__).parent.parent / "golden"
FORMATS = ("maxwell", "kv", "cdc", "cloudevents")
CASES = [
    (name, json.loads(line))
    for name in FORMATS
    for line in (GOLDEN / f"{name}.jsonl").read_text("utf-8").splitlines()
]


def golden_message(fields: dict[str, Any]) -> Message:
    fields = {"source": None, **fields}
    for name in ("payload", "before"):
        text = fields.pop(name, None)
        fields[name] = None if text is None else text.encode()
    if "payload_base64" in fields:
        fields["payload"] = base64.b64decode(fields.pop("payload_base64"))
    return a_message(**fields)


def written(record: Record, *, with_headers: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"key": None if record.key is None else record.key.decode()}
    try:
        made["value"] = None if record.value is None else record.value.decode()
    except UnicodeDecodeError:
        made["value_base64"] = base64.b64encode(record.value or b"").decode()
    return made | ({"headers": texts(record.headers)} if with_headers else {})


def texts(headers: Headers) -> list[list[str]]:
    return [[name, (value or b"").decode()] for name, value in headers]


@pytest.mark.parametrize(("name", "golden"), CASES)
def test_records_are_byte_for_byte_what_they_should_be(name: str, golden: dict[str, Any]) -> None:
    config = a_config(
        wire_format=name,
        wire_config=golden["wire_config"],
        headers={"a": "b"},
        metadata_headers=False,
    )
    message = golden_message(golden["message"])
    route = Router(config, message.outbox)(message, message)
    records = encoder(config, lambda: 1477053300.25)(message, route)
    expected = golden["records"]
    assert [
        written(record, with_headers="headers" in wanted)
        for record, wanted in zip(records, expected, strict=True)
    ] == expected
    assert {record.timestamp_ms for record in records} == {1477053217123}
    assert {record.topic for record in records} == {route.topic}
