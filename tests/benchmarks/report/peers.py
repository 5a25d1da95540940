"""What peers did on a machine of two cores beside PostgreSQL and Kafka, and pg_tide beside them.

Measured once, by hand, with the tools that docs/benchmarks/peers.md tells of.
"""

from collections.abc import Iterable, Sequence

from tests.benchmarks.report.figures import Result, written

_HEAD = (
    "",
    "drain, messages/s",
    "CPU a message, us",
    "latency p50 / p99 at 1,000/s, ms",
    "memory, MB",
    "first record after start, s",
    "repeated after kill -9",
)
_PEERS = (
    ("Debezium 3.7 outbox router, tuned", "57,000 to 61,000", "24 to 28, and 5.6 in PostgreSQL",
     "11 / 16; lowest-latency profile 4 / 14", "600 to 940", "4 to 9", "49,302"),
    ("Debezium 3.7 outbox router, defaults", "", "46 to 55", "350 / 932", "", "", ""),
    ("faststream-outbox 0.19", "1,800", "523", "49 / 218", "88", "", ""),
)  # fmt: skip
_METHOD = """Peers were measured on a machine of two cores beside PostgreSQL and Kafka, each with
the same 500,000 messages, and none lost any ([how to repeat it](peers.md)). The line of pg_tide is
from the figures below: of another machine, perhaps, or of fewer messages. What it repeats after a
kill is at most what was in flight, bounded by `max_in_flight`.
"""


def beside_peers(results: Iterable[Result]) -> str:
    """The peers and pg_tide in one table, in Markdown."""
    rows = [_HEAD, ("---",) * len(_HEAD), _own(results), *_PEERS]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"## Beside peers\n\n{_METHOD}\n{table}\n"


def _own(results: Iterable[Result]) -> Sequence[str]:
    found = {(r.name, each.name): written(each.median) for r in results for each in r.figures}

    def figure(benchmark: str, name: str) -> str:
        return found.get((benchmark, name), "")

    cpu = f"{figure('drain', 'relay CPU')}, and {figure('drain', 'Postgres CPU')} in PostgreSQL"
    return (
        "**pg_tide**, default options",
        figure("drain", "rate"),
        cpu,
        f"{figure('latency', 'p50')} / {figure('latency', 'p99')}",
        figure("drain", "relay peak memory"),
        f"{figure('drain', 'first record after')}, of a relay that runs",
        "≤ 20,000",
    )
