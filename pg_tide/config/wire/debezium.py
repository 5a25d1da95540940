"""Options of the wire format `debezium`, and those that it shares with `debezium_outbox`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Format
from pg_tide.config.wire.section import WireSection


class DebeziumServer(WireSection):
    """Members of `wire_config` of both formats of Debezium."""

    title: ClassVar[str] = "Wire formats debezium and debezium_outbox"
    formats: ClassVar[tuple[str, ...]] = ("debezium", "debezium_outbox")

    server_name: str = Field(
        "pg-tide",
        min_length=1,
        max_length=200,
        description="the name of the server, as Debezium's topic.prefix: source.name, and the "
        "beginning of the names of schemas",
    )
    schemas: bool = Field(
        False,
        description="keys and values as Connect's JsonConverter has them with schemas.enable: an "
        "object of the schema and the payload",
    )
    extended_headers: bool = Field(
        True,
        description="the headers __debezium.context.*, as Debezium's extended.headers.enabled",
    )


class Debezium(WireSection):
    """Members of `wire_config` where `wire_format` is `debezium`."""

    title: ClassVar[str] = "Wire format debezium"
    formats: ClassVar[tuple[str, ...]] = ("debezium",)

    tombstones: bool = Field(
        True,
        description="after a delete, a second record with the same key and a null value",
    )
    update_without_before: Literal["create", "read", "null_before"] = Field(
        "create",
        description="what an update is whose old row is not known: a create (op c), a read (op r), "
        "or an update with a null before, which Flink refuses",
    )
    columns: Annotated[tuple[str, ...] | None, Format("columns", "array")] = Field(
        None,
        description="columns and their types in PostgreSQL, in order, like "
        '["id bigint not null", "price numeric(10,2)"]: their values are written as Debezium '
        "writes such columns; other members follow as they are",
    )
    decimal_handling: Literal["precise", "double", "string"] = Field(
        "precise",
        description="numerics as Connect's Decimal, as doubles or as texts, as Debezium's "
        "decimal.handling.mode",
    )
    time_precision: Literal["adaptive", "connect"] = Field(
        "adaptive",
        description="times without a zone in the unit of their precision, or in milliseconds with "
        "the types of Connect, as Debezium's time.precision.mode",
    )
    database: str = Field(
        "",
        min_length=0,
        max_length=63,
        description="source.db: the name of the database",
    )
    table: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="source.schema and source.table, like public.orders; unset: the captured "
        "table, or else tide and the outbox",
    )
