"""The formats that have a schema, each with its library, which is loaded where it is used alone."""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode.typed import Typed, missing
from pg_tide.message import Message, Record, Route
from pg_tide.schemas import Schemas

Now = Callable[[], float]
Encode = Callable[[Message, Route], tuple[Record, ...]]
Make = Callable[[PipelineConfig, Now], Encode]


def avro(config: PipelineConfig, schemas: Schemas) -> Typed:
    """Return the encoder of `avro`; ConfigurationError without its library."""
    try:
        from pg_tide.encode.avro import Avro  # noqa: PLC0415 - 11 MB of memory
    except ModuleNotFoundError as error:
        raise missing("fastavro", "avro") from error
    options = config.wire_config
    return Typed(Avro(options.fractions, drop=options.unknown_fields == "drop"), config, schemas)


def as_avro(make: Make, config: PipelineConfig, now: Now, schemas: Schemas) -> Encode:
    """Return the encoder of a format that writes JSON with Connect's schemas, as Avro."""
    try:
        from pg_tide.encode.connect_avro import ConnectAvro  # noqa: PLC0415 - with fastavro
    except ModuleNotFoundError as error:
        raise missing("fastavro", "avro") from error
    options = config.wire_config.model_copy(update={"schemas": True})
    return ConnectAvro(
        make(config.model_copy(update={"wire_config": options}), now), config, schemas
    )


def with_keys(encode: Encode, config: PipelineConfig, schemas: Schemas) -> Encode:
    """Return an encoder with its records' keys as Avro."""
    try:
        from pg_tide.encode.avro_keys import AvroKeys  # noqa: PLC0415 - with fastavro
    except ModuleNotFoundError as error:
        raise missing("fastavro", "avro") from error
    return AvroKeys(encode, config, schemas)


def protobuf(config: PipelineConfig, schemas: Schemas) -> Typed:
    """Return the encoder of `protobuf`; ConfigurationError without its libraries."""
    try:
        from pg_tide.encode.protobuf import Protobuf  # noqa: PLC0415 - 4 MB of memory
    except ModuleNotFoundError as error:
        raise missing("protobuf or grpcio-tools", "protobuf") from error
    return Typed(Protobuf(drop=config.wire_config.unknown_fields == "drop"), config, schemas)


def json_schema(config: PipelineConfig, schemas: Schemas) -> Typed:
    """Return the encoder of `json_schema`; ConfigurationError without its library."""
    try:
        from pg_tide.encode.json_schema import JsonSchema  # noqa: PLC0415 - 8 MB of memory
    except ModuleNotFoundError as error:
        raise missing("jsonschema-rs", "json-schema") from error
    return Typed(JsonSchema(), config, schemas)


TYPED: dict[str, Callable[[PipelineConfig, Schemas], Typed]] = {
    "avro": avro,
    "protobuf": protobuf,
    "json_schema": json_schema,
}
