"""Options of a pipeline: how its records are produced."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Elsewhere, Section


def _follows_acks(values: dict[str, Any]) -> bool:
    return bool(values["acks"] == "all")


class Producing(Section):
    """What a record must go through to count as delivered, and in what portions."""

    title: ClassVar[str] = "Producing"

    acks: Annotated[
        Literal["0", "1", "all"],
        Elsewhere("1", "with 1, what a broker acknowledged is lost when it fails"),
    ] = Field(
        "all",
        description="who must have a record: all in-sync replicas, the leader (1), nobody (0); "
        "only all loses nothing",
    )
    idempotent: Annotated[
        bool, Elsewhere("false", "without it, retries repeat records and change their order")
    ] = Field(
        default_factory=_follows_acks,
        description="let brokers drop what a retry repeats; unset: true where acks is all",
    )
    compression: Annotated[
        Literal["none", "gzip", "snappy", "lz4", "zstd"],
        Elsewhere("none", "less network and disk, for less of the processor than it saves"),
    ] = Field("zstd", description="how batches are compressed")
    compression_level: int | None = Field(
        None,
        ge=1,
        le=12,
        description="how hard: gzip 1 to 9, lz4 1 to 9, zstd 1 to 12; unset: 9, 9 and 3",
    )
    batch_size: Annotated[
        int | None, Elsewhere("100", "small batches cost throughput when there is a backlog")
    ] = Field(
        None,
        ge=1,
        le=100_000,
        description="most messages carried as one batch; unset: grows with the backlog, to 5000",
    )
    linger_ms: Annotated[
        int, Elsewhere("5", "what waits is carried together anyway, and nothing else has to wait")
    ] = Field(
        0,
        ge=0,
        le=60_000,
        description="how long a batch waits to be filled before it is sent; with exactly_once, how "
        "long a transaction does before it begins",
    )
    wait_for_ack: bool = Field(
        False,
        description="send a page of messages only after all before it are acknowledged",
    )
    max_in_flight: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="most messages polled but not yet acknowledged",
    )
    max_request_size: int = Field(
        1_048_576,
        ge=1_024,
        le=1_073_741_824,
        description="most bytes of one produce batch; a larger message cannot go",
    )
    record_timestamp: Literal["published", "produced"] = Field(
        "published",
        description="the time of a record: when the message was published, or when it is produced",
    )
