"""Options of the wire format `debezium_outbox`."""

from typing import Annotated, ClassVar

from pydantic import Field

from pg_tide.config.option import Format
from pg_tide.config.rules import Rule
from pg_tide.config.wire.section import WireSection


class DebeziumOutbox(WireSection):
    """Members of `wire_config` where `wire_format` is `debezium_outbox`."""

    title: ClassVar[str] = "Wire format debezium_outbox"
    formats: ClassVar[tuple[str, ...]] = ("debezium_outbox",)
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "conflict",
            "wire_config.schemas",
            {"when": [True], "other": [True]},
            "wire_config.expand_json_payload",
            "true conflicts with wire_config.expand_json_payload; give one of them",
        ),
    )

    expand_json_payload: bool = Field(
        False,
        description="write the payload anew as Debezium's table.expand.json.payload does: without "
        "spaces and null members; false: as PostgreSQL prints it",
    )
    placement: Annotated[tuple[str, ...], Format("placements", "list")] = Field(
        (),
        description="what else goes along, as Debezium's table.fields.additional.placement: "
        "field:header:name or field:envelope:name; the fields are type and the message's headers",
    )
    tombstone_on_empty_payload: bool = Field(
        True,
        description="a null payload is a null value, as Debezium's "
        "route.tombstone.on.empty.payload; false: the JSON null where there is JSON",
    )
