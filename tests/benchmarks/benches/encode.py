"""What each wire format costs above `native`: offline, side by side, a message at a time."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from pg_tide.encode import Encoder, encoder
from pg_tide.message import Headers, Message, Route
from tests.benchmarks.report.figures import Result
from tests.fixtures.memory_registry import Encoding, all_records
from tests.fixtures.messages import a_config, a_message

_ROUNDS = 7  # of all formats in turn; the quickest of each counts
_AFTER = (
    b'{"note": "Lieferung nach 18 Uhr, bitte klingeln", "total": 99.90, "status": "paid", '
    b'"customer": "c-99", "order_id": "ord-12345", "quantity": 3}'
)
_BEFORE = _AFTER.replace(b"paid", b"new")
_BOTH = b'{"after": %b, "before": %b}' % (_AFTER, _BEFORE)
_HEADERS: Headers = [
    ("pg_tide_outbox", b"orders"),
    ("pg_tide_op", b"insert"),
    ("pg_tide_id", b"orders:42"),
    ("pg_tide_dedup_key", b"ord-12345"),
]
_ROUTE = Route("orders", "ord-12345", _HEADERS)
_REGISTRY = {"url": "http://registry:8081"}
_COLUMNS = [
    *("note text", "total numeric(10,2)", "status text"),
    *("customer text", "order_id text not null", "quantity int"),
]


class Case(NamedTuple):
    """A format with options, and a message like those that it encodes."""

    name: str
    wire_format: str
    wire_config: dict[str, Any]
    message: Message
    has_schema: bool = False


def cases() -> Iterator[Case]:
    """Yield `native`, and then whatever is compared with it."""
    insert = a_message(payload=_AFTER)
    update = replace(insert, op="update", payload=_BOTH)
    key = {"primary_keys": "order_id"}
    yield Case("native", "native", {}, insert)
    yield Case("envelope", "envelope", {}, insert)
    for name in ("debezium", "maxwell", "kv", "cdc"):
        yield Case(f"{name}, insert", name, key, insert)
        yield Case(f"{name}, update with both rows", name, key, update)
    yield Case("cloudevents, structured", "cloudevents", {}, insert)
    yield Case("cloudevents, binary", "cloudevents", {"mode": "binary"}, insert)
    for name in ("avro", "protobuf", "json_schema"):
        yield Case(name, name, {}, insert, has_schema=True)
    as_avro = {**key, "envelope": "avro", "columns": _COLUMNS}
    yield Case("debezium as Avro, insert", "debezium", as_avro, insert, has_schema=True)


def encode(messages: int, runs: int) -> Result:
    """Measure them: microseconds a message, those of `native` taken off."""
    result = Result(
        "encode",
        f"{messages} messages of {len(_AFTER)} bytes encoded by each wire format in turn, "
        f"{_ROUNDS} times in each run; the quickest, above the quickest of native.",
    )
    found = [_run(messages) for _ in range(runs)]
    result.add_runs(found, dict.fromkeys(found[0], "us/message"))
    return result


def _run(messages: int) -> dict[str, float]:
    made = [(case.name, _encoder(case), _like(case.message, messages)) for case in cases()]
    took = {name: float("inf") for name, _, _ in made}
    for _ in range(_ROUNDS):
        for name, encoding, its_messages in made:
            took[name] = min(took[name], _timed(encoding, its_messages))
    native = took.pop("native")
    return {"native": native} | {name: seconds - native for name, seconds in took.items()}


def _encoder(case: Case) -> Encoder:
    """Return an encoder that knows the schemas it needs."""
    options = {"schema_registry": _REGISTRY} if case.has_schema else {}
    config = a_config(wire_format=case.wire_format, wire_config=case.wire_config, **options)
    made = Encoding(lambda schemas: encoder(config, schemas=schemas))
    all_records(made, case.message, _ROUTE)
    return made.encode


def _like(message: Message, count: int) -> list[Message]:
    """Return messages that differ in their ids and payloads."""
    payload = message.payload or b""
    return [
        replace(message, id=n, payload=payload.replace(b"ord-12345", b"ord-%05d" % n))
        for n in range(count)
    ]


def _timed(encoding: Encoder, messages: list[Message]) -> float:
    """Return the microseconds that encoding a message takes."""
    begin = time.perf_counter()
    for message in messages:
        encoding(message, _ROUTE)
    return (time.perf_counter() - begin) / len(messages) * 1e6
