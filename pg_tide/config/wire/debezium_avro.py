"""The option of the wire format `debezium` that makes its keys and values Avro."""

from typing import ClassVar, Literal

from pydantic import Field

from pg_tide.config.rules import Rule
from pg_tide.config.wire.section import WireSection


class DebeziumAvro(WireSection):
    """Members of `wire_config` where `wire_format` is `debezium`."""

    title: ClassVar[str] = "Wire format debezium as Avro"
    formats: ClassVar[tuple[str, ...]] = ("debezium",)
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "requirement",
            "wire_config.envelope",
            {"when": ["avro"]},
            "schema_registry.url",
            "{value} needs schema_registry.url",
        ),
    )

    envelope: Literal["json", "avro"] = Field(
        "json",
        description="how keys and values are written: as JSON, or as Avro by schemas of the "
        "registry, as Confluent's AvroConverter does",
    )
