"""The stage after route: a message and its route become the records that Kafka gets. Pure.

One file a wire format. A message has its end when all its records have theirs.
"""

import time
from collections.abc import Callable, Sequence
from importlib import import_module

from pg_tide.config import PipelineConfig
from pg_tide.message import Message, Record, Route
from pg_tide.schemas import Schemas, Wanted

Encoder = Callable[[Message, Route], tuple[Record, ...]]
Now = Callable[[], float]  # seconds since 1970

# The module of each, whose `encoder` makes one of the options of a pipeline, once;
# pg_tide/config/wire has the options. Who uses none does not pay for its memory, nor at the start.
FORMATS = {
    "native": "native",
    "envelope": "envelope",
    "raw": "raw",
    "debezium": "debezium",
    "debezium_outbox": "debezium.outbox",
    "maxwell": "maxwell",
    "kv": "kv",
    "cdc": "cdc",
    "cloudevents": "cloudevents",
}

# These look up schemas, too: pg_tide/encode/schema_formats.py makes their encoders.
WITH_SCHEMAS = ("avro", "protobuf", "json_schema")


def encoder(
    config: PipelineConfig, now: Now = time.time, schemas: Schemas | None = None
) -> Encoder:
    """Return the encoder of a pipeline: of its wire format, and of what its records have as time.

    With `record_timestamp` `produced` that is when the record is made, which is what clients of
    Kafka do by default. What is known of `schemas` is looked up there: a record that needs another
    raises SchemaNeeded. Raises ValueError where the options of the format cannot work.
    """
    if needs_schemas(config):
        encode = _with_schemas(config, now, schemas or Schemas())
    else:
        encode = _without_schemas(config, now)
    return encode if config.record_timestamp == "published" else _stamped(encode, now)


def schemas_wanted(config: PipelineConfig, topics: Sequence[str], outbox: str) -> list[Wanted]:
    """Return the schemas that the values of an outbox's messages need in topics, as far as known.

    Those of captured tables, and of the envelope of `debezium`, are known of messages alone.
    """
    if config.wire_format not in WITH_SCHEMAS:
        return []
    from pg_tide.encode import schema_formats  # noqa: PLC0415 - for who has schemas

    typed = schema_formats.TYPED[config.wire_format](config, Schemas())
    return list(dict.fromkeys(typed.wanted(topic, outbox) for topic in topics))


def needs_schemas(config: PipelineConfig) -> bool:
    """Return whether records of a pipeline have schemas."""
    is_avro = config.wire_config.envelope == "avro" or config.key_format == "avro"
    return is_avro or config.wire_format in WITH_SCHEMAS


def _without_schemas(config: PipelineConfig, now: Now) -> Encoder:
    made: Encoder = import_module(f"{__name__}.{FORMATS[config.wire_format]}").encoder(config, now)
    return made


def _with_schemas(config: PipelineConfig, now: Now, schemas: Schemas) -> Encoder:
    from pg_tide.encode import schema_formats  # noqa: PLC0415 - for who has schemas

    if config.wire_format in WITH_SCHEMAS:
        encode: Encoder = schema_formats.TYPED[config.wire_format](config, schemas)
    elif config.wire_config.envelope == "avro":
        encode = schema_formats.as_avro(_without_schemas, config, now, schemas)
    else:
        encode = _without_schemas(config, now)
    return (
        schema_formats.with_keys(encode, config, schemas) if config.key_format == "avro" else encode
    )


def _stamped(encode: Encoder, now: Now) -> Encoder:
    def stamped(message: Message, route: Route) -> tuple[Record, ...]:
        records = encode(message, route)
        timestamp_ms = int(now() * 1000)
        for record in records:
            record.timestamp_ms = timestamp_ms
        return records

    return stamped
