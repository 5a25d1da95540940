"""What the demo says about itself, on a screen and in plain lines alike."""

from pg_tide.demo.ledger import Ledger
from pg_tide.demo.names import Names

INTRODUCTION = "pg-tide demo: from a transaction in PostgreSQL to a record in Kafka"
EXPLANATION = (
    "Orders are published in the transactions that store them. The relay carries what was"
    " committed to Kafka, in order; what was rolled back never leaves."
)


def suggestions(names: Names) -> list[tuple[str, str]]:
    """What to try in psql, and what happens then."""
    insert = f"INSERT INTO {names.table} AS o (customer) VALUES ('you')"  # noqa: S608 - shown, not run
    publish = f"tide.outbox_publish('{names.outbox}', to_jsonb(o), key => 'you')"
    return [
        ("SELECT * FROM tide.relay_status;", ""),
        (f"{insert}\n  RETURNING {publish};", ""),
        (f"SELECT tide.relay_disable('{names.pipeline}');", "and relay_enable"),
    ]


def duration(seconds: float | None) -> str:
    """A time as a person reads it."""
    if seconds is None:
        return "-"
    if seconds >= 10:
        return f"{seconds:,.0f} s"
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def summary(ledger: Ledger) -> list[str]:
    """What happened, in a few lines."""
    median, slow = ledger.latency(0.5, 0.99)
    wrong = f"{ledger.repeated:,} repeated, {ledger.phantoms:,} rolled back"
    lines = [
        f"published  {ledger.published:,} committed, {ledger.rolled_back:,} rolled back",
        f"consumed   {ledger.delivered:,}, {ledger.pending:,} still on their way, {wrong}",
        f"latency    p50 {duration(median)}, p99 {duration(slow)} from COMMIT to consumer",
    ]
    if ledger.others:
        lines.append(f"and        {ledger.others:,} that others published")
    return lines
