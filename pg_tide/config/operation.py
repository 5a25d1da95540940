"""Options of a pipeline: when it starts, waits and tries again."""

from typing import Annotated, ClassVar

from pydantic import Field

from pg_tide.config.option import Format, Section


class Operation(Section):
    """What runs the pipeline, and its times."""

    title: ClassVar[str] = "Failures and operation"

    retry_backoff_ms: int = Field(
        100,
        ge=1,
        le=3_600_000,
        description="the first wait after a failure that will pass; doubled, with jitter",
    )
    retry_backoff_max_ms: int = Field(
        60_000,
        ge=1,
        le=86_400_000,
        description="the longest wait between two tries",
    )
    fatal_retry_ms: int = Field(
        60_000,
        ge=0,
        le=86_400_000,
        description="the longest wait until a failed pipeline is tried again, beginning with a "
        "second; 0: only when it is changed or enabled",
    )
    start_from: Annotated[str, Format("start_from")] = Field(
        "earliest",
        description="where a new consumer group starts: earliest, latest, a message id or a "
        "timestamp",
    )
    relay_group: str = Field(
        "default",
        min_length=1,
        max_length=200,
        description="relays started with this --relay-group run the pipeline",
    )
    commit_interval_ms: int = Field(
        50,
        ge=0,
        le=60_000,
        description="the least time between two writes of the position; with delivery exactly_once "
        "every transaction writes it",
    )
    rate_limit: int | None = Field(
        None, ge=1, le=10_000_000, description="most messages a second; unset: as fast as it can"
    )
    dry_run: bool = Field(
        False,
        description="do everything but produce: the log says what would go, and the position stays",
    )
