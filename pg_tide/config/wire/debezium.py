"""Options of the wire format `debezium`."""

from typing import ClassVar

from pydantic import Field

from pg_tide.config.wire.section import WireSection


class Debezium(WireSection):
    """Members of `wire_config` where `wire_format` is `debezium`."""

    title: ClassVar[str] = "Wire format debezium"
    formats: ClassVar[tuple[str, ...]] = ("debezium",)

    server_name: str = Field(
        "pg-tide",
        min_length=1,
        max_length=200,
        description="the name of the server in source.name, as Debezium's topic.prefix",
    )
    tombstones: bool = Field(
        True,
        description="after a delete, a second record with the same key and a null value",
    )
