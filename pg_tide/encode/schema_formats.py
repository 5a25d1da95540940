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


def with_avro(make: Make, config: PipelineConfig, now: Now, schemas: Schemas) -> Encode:
    """Return the encoder of another format, with its envelope or its keys as Avro where asked."""
    envelope = config.wire_config.envelope == "avro"
    if not envelope and config.key_format != "avro":
        return make(config, now)
    try:
        from pg_tide.encode.avro_keys import AvroKeys  # noqa: PLC0415 - with fastavro
        from pg_tide.encode.connect_avro import ConnectAvro  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise missing("fastavro", "avro") from error
    if envelope:
        options = config.wire_config.model_copy(update={"schemas": True})
        with_schemas = config.model_copy(update={"wire_config": options})
        return ConnectAvro(make(with_schemas, now), config, schemas)
    return AvroKeys(make(config, now), config, schemas)


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
