"""The wire format `debezium`: Debezium's change envelope around the row that was published."""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode import native
from pg_tide.exact_json import write
from pg_tide.message import Message, Record, Route

_OPS = {"insert": "c", "update": "u", "delete": "d"}


def encoder(
    config: PipelineConfig, now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return the encoder of a pipeline."""
    options = config.wire_config

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        (record,) = native.encode(message, route)
        if message.payload is None:
            return (record,)
        op = _OPS.get(message.op, "c")
        rows = (message.payload, b"null") if op == "d" else (b"null", message.payload)
        source = write({"name": options.server_name, "ts_us": message.published_at_us})
        handled = b'"op":"%b","ts_ms":%d' % (op.encode(), int(now() * 1000))
        record.value = b'{"before":%b,"after":%b,"source":%b,%b}' % (*rows, source, handled)
        if op != "d" or not options.tombstones:
            return (record,)
        (tombstone,) = native.encode(message, route)
        tombstone.value = None
        return (record, tombstone)

    return encode
