"""Options of a pipeline: how it reaches its brokers."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pg_tide.config.formats import host_ports
from pg_tide.config.option import Elsewhere, Format, Section


class Connection(Section):
    """Where the brokers are, and how long to wait for them. Every option may be a reference."""

    title: ClassVar[str] = "Connection"
    references: ClassVar[bool] = True

    sink_type: Literal["kafka"] = Field("kafka", description="what the messages go to")
    brokers: Annotated[tuple[str, ...], Format("host_port_list"), BeforeValidator(host_ports)] = (
        Field(description="where to begin: host:port of one or more brokers, separated by commas")
    )
    client_id: str = Field(
        "pg-tide",
        min_length=1,
        max_length=200,
        description="the name shown in the brokers' logs and quotas",
    )
    request_timeout_ms: int = Field(
        30_000,
        ge=100,
        le=600_000,
        description="how long to wait for a broker's answer before it counts as away",
    )
    metadata_max_age_ms: Annotated[
        int,
        Elsewhere("300000", "new partitions, and topics made anew, are seen within a minute"),
    ] = Field(
        60_000,
        ge=100,
        le=86_400_000,
        description="how long what is known of topics and partitions is used before asking again",
    )
    broker_address_family: Literal["any", "v4", "v6"] = Field(
        "any", description="which addresses of a broker's name are tried"
    )
    reconnect_backoff_max_ms: int = Field(
        20_000,
        ge=50,
        le=3_600_000,
        description="the longest wait between two tries to reach one broker",
    )
