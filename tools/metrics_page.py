"""Makes `docs/reference/metrics.md` from the declarations of all metrics."""

from collections.abc import Iterator

from pg_tide.metrics import BUCKETS, METRICS, STAGES, STATES, Declared

_HEAD = """\
<!-- Generated from pg_tide/metrics.py by "make generate". -->
# Metrics

The relay serves them at `/metrics` in Prometheus' text format, at the address that `--http` gives.
The list is closed: what is not here does not exist. Counters grow when the fact is durable, once a
batch, and begin at 0 with each process. What to alert on is in
[Run in production](../how-to/run-in-production.md#what-to-alert-on).
"""

_PER = {
    "pipeline": (
        "A pipeline",
        "For each pipeline of the relay group that this process runs or waits for.",
    ),
    "outbox": ("An outbox", "For each outbox of the database, from every process alike."),
    "process": ("The process", "For the process as a whole."),
}


_ASIDE = """\
- `stage` of `pg_tide_messages_dead_lettered_total`: where the message failed, as in
  [dead letters](../how-to/dead-letters.md#understand)
"""


def metrics_page() -> str:
    """Return the reference of metrics as Markdown."""
    parts = [_HEAD]
    for per, (title, introduction) in _PER.items():
        rows = [(name, one) for name, one in METRICS.items() if one.per == per]
        parts.append(f"## {title}\n\n{introduction}\n\n{''.join(_table(rows))}")
    parts.append(f"## Label values\n\n{_values('state', STATES)}{_values('stage', STAGES)}{_ASIDE}")
    parts.append(f"## Buckets\n\nUpper bounds, each with `+Inf` behind them.\n\n{_buckets()}")
    return "\n".join(parts)


def _table(rows: list[tuple[str, Declared]]) -> Iterator[str]:
    yield "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n"
    for name, declared in rows:
        labels = ", ".join(f"`{label}`" for label in declared.all_labels)
        yield f"| `{name}` | {declared.kind} | {labels} | {declared.help} |\n"


def _values(label: str, values: tuple[str, ...]) -> str:
    return f"- `{label}`: {', '.join(f'`{value}`' for value in values)}\n"


def _buckets() -> str:
    return "".join(
        f"- `{name}`: {', '.join(f'{bound:g}' for bound in bounds)}\n"
        for name, bounds in BUCKETS.items()
    )
