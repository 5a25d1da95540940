"""The options of the wire formats: one file a format, and here its line in each of two lists."""

from typing import ClassVar

from pg_tide.config.option import Section
from pg_tide.config.wire.debezium import Debezium, DebeziumServer
from pg_tide.config.wire.debezium_outbox import DebeziumOutbox
from pg_tide.config.wire.rows import Rows

# What stands in wire_config, in the order of the reference.
WIRE_SECTIONS: tuple[type[Section], ...] = (Rows, DebeziumServer, Debezium, DebeziumOutbox)


class WireConfig(Rows, DebeziumServer, Debezium, DebeziumOutbox):
    """Every member of `wire_config`, with its value or its default, whatever the format is."""

    title: ClassVar[str] = "wire_config"
