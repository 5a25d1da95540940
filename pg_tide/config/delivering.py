"""Options of a pipeline: how often a message may arrive."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Format, Section


class Delivering(Section):
    """What becomes of the messages that were under way when a process or a connection died."""

    title: ClassVar[str] = "Delivery"

    delivery: Literal["at_least_once", "exactly_once"] = Field(
        "at_least_once",
        description="at_least_once repeats what was under way when a process or a connection died; "
        "exactly_once sends in Kafka transactions: read_committed consumers see every message once",
    )
    transactional_id_prefix: Annotated[str, Format("identifier")] = Field(
        "pg-tide",
        min_length=1,
        max_length=100,
        description="of exactly_once: what the ids of its transactions begin with, and the group "
        "in Kafka that keeps its mark; the rest is made of the installation and the consumer group",
    )
    transaction_timeout_ms: int = Field(
        60_000,
        ge=1_000,
        le=900_000,
        description="of exactly_once: how long a transaction may take before brokers abort it, and "
        "how long consumers may wait for what a dead relay left open; not above the brokers' "
        "transaction.max.timeout.ms",
    )
