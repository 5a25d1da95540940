"""Options of a pipeline: which messages go, and in what shape."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from pg_tide.config.option import Format, Section


class Transform(BaseModel):
    """JMESPath expressions over the message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter: Annotated[str | None, Format("jmespath")] = Field(
        None,
        description='drops the messages for which it is null, false, "", [] or {}',
    )
    payload: Annotated[str | None, Format("jmespath")] = Field(
        None,
        description="its result is the new payload; a null result is a tombstone",
    )
    root: Literal["message", "payload"] = Field(
        "message",
        description="what these two expressions see: the message with all that belongs to it, or "
        "its payload alone",
    )


class Shaping(Section):
    """What happens to a message before it goes."""

    title: ClassVar[str] = "Shaping"

    transform: Transform = Field(default_factory=Transform)
    wire_format: Literal[
        "native",
        "envelope",
        "raw",
        "debezium",
        "debezium_outbox",
        "maxwell",
        "kv",
        "cdc",
        "cloudevents",
        "avro",
        "protobuf",
        "json_schema",
    ] = Field(
        "native",
        description="the form of a record's value; options of a format stand in wire_config",
    )
