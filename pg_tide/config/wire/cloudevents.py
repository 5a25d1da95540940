"""Options of the wire format `cloudevents`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pg_tide.config.formats import header_texts
from pg_tide.config.option import Format
from pg_tide.config.wire.section import WireSection


class CloudEvents(WireSection):
    """Members of `wire_config` where `wire_format` is `cloudevents`."""

    title: ClassVar[str] = "Wire format cloudevents"
    formats: ClassVar[tuple[str, ...]] = ("cloudevents",)

    mode: Literal["structured", "binary"] = Field(
        "structured",
        description="the event as JSON in the value, or its data there and the rest in headers",
    )
    source: Annotated[str, Format("key_template")] = Field(
        "/pg_tide/{outbox}",
        description="where events come from, a template; what may not stand in a URI is escaped",
    )
    type: Annotated[str, Format("key_template")] = Field(
        "pg_tide.{outbox}.{op}", description="what happened, a template"
    )
    subject: Annotated[str, Format("key_template")] = Field(
        "{key}",
        description="what it happened to, a template; left out where a variable has no value",
    )
    datacontenttype: Annotated[str, Format("media_type")] = Field(
        "application/json",
        description="the type of the payload; one that was published as bytes is no JSON, but "
        "application/octet-stream",
    )
    dataschema: Annotated[str | None, Format("key_template")] = Field(
        None,
        description="the URI of the schema of the payload, a template; left out where a variable "
        "has no value",
    )
    extensions: Annotated[
        dict[str, str], Format("attribute_map"), BeforeValidator(header_texts)
    ] = Field(
        {},
        description="further attributes, names of a-z and 0-9 with templates; one is left out "
        "where a variable has no value",
    )
