"""Options of a pipeline: where a message goes, and what goes along with it."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pg_tide.config.formats import header_texts
from pg_tide.config.option import Format, Section


class RoutingRule(BaseModel):
    """A condition (`when`, or field and value), and where what meets it goes."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    when: str | None = None
    match_field: str | None = None
    match_value: str | None = None
    topic: str
    message_key: str | None = None


class RoutingRules(BaseModel):
    """Messages that go elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Annotated[tuple[RoutingRule, ...], Format("routing_rules", "array")] = Field(
        (),
        description="in order, the first that matches wins: when (JMESPath), or match_field "
        "(a variable) and match_value; then topic and, if given, message_key",
    )


class Routing(Section):
    """Topic and headers."""

    title: ClassVar[str] = "Where a message goes"

    topic: Annotated[str | None, Format("topic_template")] = Field(
        None, description="the topic; a template (this or topic_prefix is required)"
    )
    topic_prefix: Annotated[str | None, Format("topic_prefix")] = Field(
        None,
        description="the topic is this and the outbox; for captured tables this and schema_table",
    )
    routing: RoutingRules = Field(default_factory=RoutingRules)
    headers: Annotated[dict[str, str], Format("header_map"), BeforeValidator(header_texts)] = Field(
        {},
        description="headers of every record, after the message's own; values are templates",
    )
    metadata_headers: bool = Field(
        True,
        description="add pg_tide_outbox, pg_tide_op, pg_tide_id (outbox:id) and "
        "pg_tide_dedup_key, last",
    )
    message_headers: bool = Field(
        True,
        description="let the message's own headers go along, first",
    )
    auto_create_topics: bool = Field(False, description="create topics that are missing")
    num_partitions: int = Field(
        -1, ge=-1, le=10_000, description="of topics it creates; -1: as many as the broker says"
    )
    replication_factor: int = Field(
        -1, ge=-1, le=1000, description="of topics it creates; -1: what the broker says"
    )
