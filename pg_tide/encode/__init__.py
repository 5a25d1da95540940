"""The stage after route: a message and its route become the records that Kafka gets. Pure.

One file a wire format. A message has its end when all its records have theirs.
"""

import time
from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode import debezium, envelope, native, raw
from pg_tide.encode.debezium import outbox
from pg_tide.message import Message, Record, Route

Encoder = Callable[[Message, Route], tuple[Record, ...]]
Now = Callable[[], float]  # seconds since 1970

# Each makes its encoder of the options of a pipeline, once; pg_tide/config/wire has the options.
FORMATS: dict[str, Callable[[PipelineConfig, Now], Encoder]] = {
    "native": lambda _config, _now: native.encode,
    "envelope": lambda _config, _now: envelope.encode,
    "raw": lambda _config, _now: raw.encode,
    "debezium": debezium.encoder,
    "debezium_outbox": outbox.encoder,
}


def encoder(config: PipelineConfig, now: Now = time.time) -> Encoder:
    """Return the encoder of a pipeline: of its wire format, and of what its records have as time.

    With `record_timestamp` `produced` that is when the record is made, which is what clients of
    Kafka do by default. Raises ValueError where the options of the format cannot work.
    """
    encode = FORMATS[config.wire_format](config, now)
    return encode if config.record_timestamp == "published" else _stamped(encode, now)


def _stamped(encode: Encoder, now: Now) -> Encoder:
    def stamped(message: Message, route: Route) -> tuple[Record, ...]:
        records = encode(message, route)
        timestamp_ms = int(now() * 1000)
        for record in records:
            record.timestamp_ms = timestamp_ms
        return records

    return stamped
