"""Options of a pipeline: a record's key, and the partition it goes to."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Elsewhere, Format, Section


class Keys(Section):
    """Messages with one key keep their order, in one partition."""

    title: ClassVar[str] = "Keys and partitions"

    message_key: Annotated[str, Format("key_template")] = Field(
        "{key}",
        description="the record's key; a template, in which a null {key} or {dedup_key} "
        "gives a null key",
    )
    message_key_expression: Annotated[str | None, Format("jmespath")] = Field(
        None,
        description="the key by a JMESPath instead; an array is joined with -, null is a null key",
    )
    message_key_pattern: Annotated[str | None, Format("regex")] = Field(
        None,
        description="a regular expression on the key so far: its first group, or all it matches, "
        "is the key; without a match the key is null",
    )
    primary_keys: Annotated[tuple[str, ...] | None, Format("names", "list")] = Field(
        None,
        description="the key is made of these members of the payload instead: an array, or a text "
        "with commas",
    )
    key_format: Literal["text", "json", "avro"] = Field(
        "text",
        description="of primary_keys: the text of one member and a JSON object of several, or "
        "always an object (json), or a record of Avro by a schema of the registry (avro)",
    )
    partitioner: Annotated[
        Literal["murmur2", "crc32", "round_robin", "random"],
        Elsewhere("crc32", "in librdkafka; what Java producers write lies elsewhere then"),
    ] = Field(
        "murmur2",
        description="how a key finds its partition: as Java clients do (murmur2), as librdkafka "
        "does (crc32), or not by key",
    )
    partition_by: Annotated[str | None, Format("jmespath")] = Field(
        None,
        description="a JMESPath whose value finds the partition instead of the key: order then "
        "holds for this value; null: the key does",
    )
    partition_fallback: Annotated[str, Format("partition")] = Field(
        "round_robin",
        description="where a null key goes: round_robin, random, or the number of a partition",
    )
