"""The worst that a database can hold: each message goes or is put aside, and none stops others."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.topics import read_all

# As an owner of the tables could write them; tide.outbox_publish refuses most of it.
INSERT = """
INSERT INTO tide.message (outbox_id, slot, op, key, dedup_key, headers, payload)
SELECT o.id, o.current_slot, $1, $2, $3, $4::jsonb, $5::jsonb
  FROM tide.outbox o WHERE o.name = 'orders'
"""
NESTED = 5_000
HEADERS = ("[1]", '"text"', "7", '{"a": 1}', '{"a": null}', '{"a": {"b": []}}', '{"": "x"}', "{}")
PAYLOADS = (
    "null",
    '""',
    "12345678901234567890123456789012345678901234567890",
    "-1e308",
    "1e400",
    '"\\ud83d\\ude00"',
    '{"": {"": ""}}',
    "[" * NESTED + "]" * NESTED,
    '{"a":' * NESTED + "1" + "}" * NESTED,
)
KEYS = ("", "x" * 1_000_000, "x" * 2_000_000, "\U0001f4a9", "a\nb", "{payload}")
TRANSFORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "shaped": {"transform.payload": "{p: payload, k: key}", "headers": {"h": "{key}"}},
    "filtered": {"transform.filter": "payload.n || payload || key || op"},
    "enveloped": {"wire_format": "envelope"},
    "routed": {"message_key": "{payload.n}", "headers": {"to": "{payload.a}"}},
    "keyed": {"primary_keys": ["a", "n"]},
}


async def test_no_message_stops_a_pipeline(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    for headers in HEADERS:
        await operator.run(INSERT, "insert", "k", None, headers, '{"n": 1}')
    for payload in PAYLOADS:
        await operator.run(INSERT, "insert", "k", None, None, payload)
    for key in KEYS:
        await operator.run(INSERT, "", key, key, None, "{}")
    await operator.run(INSERT, "x" * 10_000, None, None, None, None)
    await operator.publish({"n": 2, "a": 3}, key="last")
    topics = {name: topic() for name in TRANSFORMS}
    for name, options in TRANSFORMS.items():
        dotted = {option.replace(".", "__"): value for option, value in options.items()}
        await operator.configure(topics[name], pipeline=name, **dotted)
    process = relay(operator.url)
    for name in TRANSFORMS:
        await operator.delivered(name)
        status = await operator.status(name)
        total = status["delivered"] + status["filtered"] + status["dead_letters"]
        assert total == len(HEADERS) + len(PAYLOADS) + len(KEYS) + 2, name
        last = (await asyncio.to_thread(read_all, operator.brokers, topics[name]))[-1]
        assert b'"n": 2' in (last.value or b"") or b'"n":2' in (last.value or b""), name
    await process.ready()
    await process.stop()


@pytest.mark.parametrize("payload", ['"\\u0000"', '{"a\\u0000": 1}', '"\\ud800"'])
async def test_what_postgresql_cannot_hold_is_refused_when_it_is_published(
    operator: Operator, payload: str
) -> None:
    with pytest.raises(asyncpg.DataError):
        await operator.run("SELECT tide.outbox_publish('orders', $1)", payload)


async def test_a_secret_file_that_is_no_text_fails_its_pipeline_alone(
    operator: Operator,
    relay: StartRelay,
    topic: TopicFactory,
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"pass\xff\xfe")
    good = topic()
    await operator.configure(good, pipeline="good")
    options = {"sasl_mechanism": "PLAIN"}
    login = {"sasl_username": "u", "sasl_password": f"${{file:{file}}}"}
    await operator.configure(good, pipeline="bad", **options, **login)
    await operator.publish({"n": 1})
    process = relay(operator.url)
    await operator.reaches("failed", "bad")
    assert str(file) in (await operator.status("bad"))["last_error"]
    await operator.delivered("good")
    await process.stop()
