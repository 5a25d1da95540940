"""What the demo's things are called: plainly on servers of its own, unmistakably on yours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """The names of one run."""

    outbox: str
    table: str
    pipeline: str
    relay_group: str
    topic: str


def names(*, own_postgres: bool, own_kafka: bool) -> Names:
    """The names to use; `own` servers are the demo's, and hold nothing else."""
    topic = "orders" if own_kafka else "pg_tide_demo"
    if own_postgres:
        return Names("orders", "orders", "orders-to-kafka", "default", topic)
    # A relay group of its own: the demo's relay must not run other pipelines, nor others this one.
    return Names("pg_tide_demo", "pg_tide_demo_orders", "pg_tide_demo", "pg_tide_demo", topic)
