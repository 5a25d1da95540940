"""The stage after route: a message and its route become the records that Kafka gets. Pure.

One file a wire format. A message has its end when all its records have theirs.
"""

import time
from collections.abc import Callable, Sequence

from pg_tide.config import PipelineConfig
from pg_tide.encode import (
    cdc,
    cloudevents,
    debezium,
    envelope,
    kv,
    maxwell,
    native,
    raw,
    schema_formats,
)
from pg_tide.encode.debezium import outbox
from pg_tide.encode.typed import Typed
from pg_tide.message import Message, Record, Route
from pg_tide.schemas import Schemas, Wanted

Encoder = Callable[[Message, Route], tuple[Record, ...]]
Now = Callable[[], float]  # seconds since 1970

# Each makes its encoder of the options of a pipeline, once; pg_tide/config/wire has the options.
FORMATS: dict[str, Callable[[PipelineConfig, Now], Encoder]] = {
    "native": lambda _config, _now: native.encode,
    "envelope": lambda _config, _now: envelope.encode,
    "raw": lambda _config, _now: raw.encode,
    "debezium": debezium.encoder,
    "debezium_outbox": outbox.encoder,
    "maxwell": maxwell.encoder,
    "kv": kv.encoder,
    "cdc": cdc.encoder,
    "cloudevents": cloudevents.encoder,
}

# These look up schemas, too.
WITH_SCHEMAS: dict[str, Callable[[PipelineConfig, Schemas], Typed]] = {
    "avro": schema_formats.avro,
    "protobuf": schema_formats.protobuf,
    "json_schema": schema_formats.json_schema,
}


def encoder(
    config: PipelineConfig, now: Now = time.time, schemas: Schemas | None = None
) -> Encoder:
    """Return the encoder of a pipeline: of its wire format, and of what its records have as time.

    With `record_timestamp` `produced` that is when the record is made, which is what clients of
    Kafka do by default. What is known of `schemas` is looked up there: a record that needs another
    raises SchemaNeeded. Raises ValueError where the options of the format cannot work.
    """
    schemas = schemas or Schemas()
    if config.wire_format in WITH_SCHEMAS:
        encode: Encoder = WITH_SCHEMAS[config.wire_format](config, schemas)
    elif config.wire_config.envelope == "avro":
        encode = schema_formats.as_avro(FORMATS[config.wire_format], config, now, schemas)
    else:
        encode = FORMATS[config.wire_format](config, now)
    if config.key_format == "avro":
        encode = schema_formats.with_keys(encode, config, schemas)
    return encode if config.record_timestamp == "published" else _stamped(encode, now)


def schemas_wanted(config: PipelineConfig, topics: Sequence[str], outbox: str) -> list[Wanted]:
    """Return the schemas that the values of an outbox's messages need in topics, as far as known.

    Those of captured tables, and of the envelope of `debezium`, are known of messages alone.
    """
    if config.wire_format not in WITH_SCHEMAS:
        return []
    typed = WITH_SCHEMAS[config.wire_format](config, Schemas())
    return list(dict.fromkeys(typed.wanted(topic, outbox) for topic in topics))


def needs_schemas(config: PipelineConfig) -> bool:
    """Return whether records of a pipeline have schemas."""
    is_avro = config.wire_config.envelope == "avro" or config.key_format == "avro"
    return is_avro or config.wire_format in WITH_SCHEMAS


def _stamped(encode: Encoder, now: Now) -> Encoder:
    def stamped(message: Message, route: Route) -> tuple[Record, ...]:
        records = encode(message, route)
        timestamp_ms = int(now() * 1000)
        for record in records:
            record.timestamp_ms = timestamp_ms
        return records

    return stamped
