"""Options that the wire formats of rows share."""

from typing import Annotated, ClassVar

from pydantic import Field

from pg_tide.config.option import Format
from pg_tide.config.rules import Rule
from pg_tide.config.wire.section import WireSection

_KEYS = "wire_config.primary_keys"
_OTHER_KEYS = ("primary_keys", "message_key", "message_key_expression", "message_key_pattern")


class Rows(WireSection):
    """Members of `wire_config` of all formats of rows."""

    title: ClassVar[str] = "Wire formats of rows"
    formats: ClassVar[tuple[str, ...]] = ("debezium", "maxwell", "kv", "cdc")
    rules: ClassVar[tuple[Rule, ...]] = tuple(
        Rule("conflict", _KEYS, {}, other, f"conflicts with {other}; give one of them")
        for other in _OTHER_KEYS
    )

    primary_keys: Annotated[tuple[str, ...] | None, Format("names", "list")] = Field(
        None,
        description="the columns that are the row's key, which is the record's key then: an array, "
        "or a text with commas",
    )
