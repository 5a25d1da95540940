"""Options of the wire format `cdc`."""

from typing import ClassVar, Literal

from pydantic import Field

from pg_tide.config.wire.section import WireSection


class Cdc(WireSection):
    """Members of `wire_config` where `wire_format` is `cdc`."""

    title: ClassVar[str] = "Wire format cdc"
    formats: ClassVar[tuple[str, ...]] = ("cdc",)

    field_prefix: str = Field(
        "_",
        min_length=0,
        max_length=50,
        description="what the names of op, table and committed_at begin with, like _ns_",
    )
    op_case: Literal["lower", "upper"] = Field(
        "lower", description="how the op is written: insert or INSERT"
    )
