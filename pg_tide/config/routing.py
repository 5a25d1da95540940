"""Options of a pipeline: where a message goes, and what goes along with it."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from pg_tide.config.formats import header_texts
from pg_tide.config.option import Format, Section


class Routing(Section):
    """Topic, key and headers."""

    title: ClassVar[str] = "Where a message goes"

    topic: Annotated[str, Format("topic_template")] = Field(description="the topic; a template")
    message_key: Annotated[str, Format("key_template")] = Field(
        "{key}",
        description="the record's key; a template, in which a null {key} or {dedup_key} "
        "gives a null key",
    )
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
