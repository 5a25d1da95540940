"""How a pipeline is, as `relay_status`, the log and `/readyz` tell it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pg_tide.errors import FatalError, Halted, PgTideError, TransientError

SILENCE = 5.0  # seconds without an acknowledgement before it is told


@dataclass(frozen=True)
class Condition:
    """How a pipeline is: a state of `relay_status`, and why."""

    state: str
    reason: str | None = None
    hint: str | None = None
    next_try: datetime | None = None

    @property
    def well(self) -> bool:
        """Whether it does what it is configured to do."""
        return self.state == "running"


RUNNING = Condition("running")
DRY_RUN = Condition(
    "running",
    "dry_run: nothing is produced, and the position stays; the log says what would go",
    "Set dry_run to false to deliver.",
)
SILENT = Condition(
    "retrying",
    f"no_acknowledgement: Kafka has acknowledged nothing for {SILENCE:.0f} seconds",
    "Look whether the brokers are up and have enough in-sync replicas; nothing is lost meanwhile.",
)


def silent(trouble: PgTideError | None) -> Condition:
    """The condition of a pipeline that has had no acknowledgement for long.

    `trouble` is what keeps its client from a broker, which it tries again and again.
    """
    if trouble is None:
        return SILENT
    return Condition("retrying", f"{trouble.reason}: {trouble.message}", trouble.hint)


def retrying(error: TransientError, pause: float) -> Condition:
    """The condition of a pipeline that waits for something to come back, for `pause` seconds."""
    next_try = datetime.now(UTC) + timedelta(seconds=pause)
    return Condition("retrying", f"{error.reason}: {error.message}", error.hint, next_try)


def failed(error: FatalError, pause: float) -> Condition:
    """The condition of a pipeline that only a person can help; it looks again after `pause`."""
    forever = pause == float("inf")
    next_try = None if forever else datetime.now(UTC) + timedelta(seconds=pause)
    state = "halted" if isinstance(error, Halted) else "failed"
    return Condition(state, f"{error.reason}: {error.message}", error.hint, next_try)
