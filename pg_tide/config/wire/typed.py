"""Options of the wire formats that have a schema: `avro`, `protobuf`, `json_schema`."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Format
from pg_tide.config.rules import Rule
from pg_tide.config.wire.section import WireSection

TYPED = ("avro", "protobuf", "json_schema")


class GivenSchema(WireSection):
    """The schema itself. It may be a reference, such as `${file:/etc/pg-tide/order.avsc}`."""

    title: ClassVar[str] = "Schemas of wire formats"
    formats: ClassVar[tuple[str, ...]] = TYPED
    references: ClassVar[bool] = True

    schema_: Annotated[str | dict[str, Any] | None, Format("schema", "schema")] = Field(
        None,
        alias="schema",
        description='the schema as a text or as JSON; or {"subject": ..., "version": ...} of the '
        "registry; unset: it is derived from the messages",
    )


class Typed(WireSection):
    """Members of `wire_config` of all formats that have a schema."""

    title: ClassVar[str] = "Wire formats with a schema"
    formats: ClassVar[tuple[str, ...]] = TYPED
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "conflict",
            "wire_config.schema_location",
            {"when": ["embedded"]},
            "schema_registry.url",
            "{value} conflicts with schema_registry.url; give one of them",
        ),
        Rule(
            "conflict",
            "wire_config.record_name",
            {},
            "wire_config.schema",
            "conflicts with wire_config.schema, which has the name",
        ),
        Rule(
            "conflict",
            "wire_config.fractions",
            {"when": ["string"], "other": ["protobuf", "json_schema"]},
            "wire_format",
            "{value} is for wire_format avro, not for {other}",
        ),
    )

    schema_location: Literal["registry", "embedded"] = Field(
        "registry",
        description="where consumers find the schema: in a registry, by its id, or in each record",
    )
    record_name: Annotated[str | None, Format("record_name")] = Field(
        None,
        description="the full name of the type where the schema is derived; unset: pg_tide and "
        "the name of the outbox",
    )
    fractions: Literal["double", "string"] = Field(
        "double",
        description="what numbers with a fraction become where the schema is derived: a double, "
        "or a string with all their digits",
    )
    unknown_fields: Literal["refuse", "drop"] = Field(
        "refuse",
        description="what becomes of a message with members that the schema given does not have: "
        "it is refused, or goes without them",
    )
