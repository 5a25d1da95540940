"""Options of the wire format `maxwell`, named as those of Maxwell's daemon where it has them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Elsewhere, Format
from pg_tide.config.rules import Rule
from pg_tide.config.wire.section import WireSection


class Maxwell(WireSection):
    """Members of `wire_config` where `wire_format` is `maxwell`."""

    title: ClassVar[str] = "Wire format maxwell"
    formats: ClassVar[tuple[str, ...]] = ("maxwell",)
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "requirement",
            "wire_config.key_format",
            {},
            "wire_config.primary_keys",
            "needs wire_config.primary_keys",
        ),
        Rule(
            "requirement",
            "wire_config.old_values",
            {"when": ["keys"]},
            "wire_config.primary_keys",
            "{value} needs wire_config.primary_keys",
        ),
    )

    key_format: Annotated[
        Literal["primary_key", "table_primary_key", "hash", "array"],
        Elsewhere("hash", "in Maxwell; a topic of one table needs no name of it in every key"),
    ] = Field(
        "primary_key",
        description="the record's key: an object of the primary key's columns, that with the "
        "table, or as Maxwell's kafka_key_format hash or array",
    )
    output_binlog_position: bool = Field(
        False, description="add position: the outbox and the id of the message"
    )
    output_server_id: bool = Field(False, description="add server_id, which is null")
    output_thread_id: bool = Field(False, description="add thread_id, which is null")
    output_schema_id: bool = Field(False, description="add schema_id, which is null")
    output_push_timestamp: bool = Field(
        False, description="add push_ts: when the record was made, in seconds with a fraction"
    )
    output_primary_keys: Annotated[
        bool, Elsewhere("false", "in Maxwell; consumers of a topic look for it here")
    ] = Field(True, description="add primary_key: the values of the primary key, an array")
    output_primary_key_columns: bool = Field(
        False, description="add primary_key_columns: the names of these columns"
    )
    old_values: Literal["changed", "keys", "full"] = Field(
        "changed",
        description="which old values an update has in old, where they are known: of the columns "
        "that changed, of the primary key, or of all",
    )
    zone_id: Annotated[str | None, Format("time_zone")] = Field(
        None,
        description="times with a zone are moved to this one and written without it, like "
        "Europe/Vienna or +05:30; unset: they stay as they are, or UTC with timestamp_format",
    )
    timestamp_format: Annotated[str | None, Format("time_form")] = Field(
        None,
        description="how these times are written, of yyyy, MM, dd, HH, mm, ss and S for digits of "
        "the second; unset: yyyy-MM-dd HH:mm:ss.SSSSSS where zone_id is set",
    )
