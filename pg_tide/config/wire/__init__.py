"""The options of the wire formats: one file a format, and here its line in each of two lists."""

from typing import ClassVar

from pg_tide.config.option import Section
from pg_tide.config.wire.cdc import Cdc
from pg_tide.config.wire.cloudevents import CloudEvents
from pg_tide.config.wire.debezium import Debezium, DebeziumServer
from pg_tide.config.wire.debezium_avro import DebeziumAvro
from pg_tide.config.wire.debezium_outbox import DebeziumOutbox
from pg_tide.config.wire.maxwell import Maxwell
from pg_tide.config.wire.rows import Rows
from pg_tide.config.wire.schema_registry import SchemaRegistry
from pg_tide.config.wire.typed import GivenSchema, Typed

__all__ = ["WIRE_SECTIONS", "SchemaRegistry", "WireConfig"]

# What stands in wire_config, in the order of the reference.
WIRE_SECTIONS: tuple[type[Section], ...] = (
    Rows,
    DebeziumServer,
    Debezium,
    DebeziumAvro,
    DebeziumOutbox,
    Maxwell,
    Cdc,
    CloudEvents,
    Typed,
    GivenSchema,
    SchemaRegistry,
)


class WireConfig(
    Rows,
    DebeziumServer,
    Debezium,
    DebeziumAvro,
    DebeziumOutbox,
    Maxwell,
    Cdc,
    CloudEvents,
    Typed,
    GivenSchema,
):
    """Every member of `wire_config`, with its value or its default, whatever the format is."""

    title: ClassVar[str] = "wire_config"
