"""Options of a pipeline: what becomes of messages that cannot go."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from pg_tide.config.option import Section


class DeadLetter(BaseModel):
    """What is done with a message that cannot be delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Literal["skip", "park_key", "halt"] = Field(
        "skip",
        description="a message that cannot go: skip puts it aside and goes on; park_key puts aside "
        "the later messages of its key too, in order, until it is retried or discarded; halt "
        "stops the pipeline before it",
    )
    max_per_minute: int = Field(
        1000,
        ge=0,
        le=10_000_000,
        description="the brake: more dead letters than this in a minute halt the pipeline; 0: none",
    )
    retention_days: int = Field(
        30,
        ge=0,
        le=36_500,
        description="how long dead letters that were delivered or discarded are kept; 0: at most "
        "an hour",
    )


class Failing(Section):
    """What is tried again, how often, and what is put aside."""

    title: ClassVar[str] = "When messages cannot go"

    max_retries: int = Field(
        5,
        ge=0,
        le=1000,
        description="how often a message is tried again after an error that may be its own fault; "
        "outages are waited out for ever",
    )
    dead_letter: DeadLetter = Field(default_factory=DeadLetter)
