"""EVERY metric: its name, its labels, its help. A closed list; docs are generated from it.

Counted after the fact is durable, and per batch, not per message: at full speed a histogram's
`observe` for each message would cost more than producing it.
"""

import bisect
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

STATES = ("running", "idle", "retrying", "failed", "halted", "disabled", "not owned")
STAGES = ("poll", "prepare", "produce", "commit", "intend", "transact")
DELIVERY_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
)  # fmt: skip
STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
BATCH_BUCKETS = (1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 100000)


@dataclass(frozen=True)
class Declared:
    """One metric: its type, what it means, and its labels beyond `pipeline` and `outbox`."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()
    per: str = "pipeline"  # or "outbox", or "process"

    @property
    def all_labels(self) -> tuple[str, ...]:
        """The labels in order."""
        per = {"pipeline": ("pipeline", "outbox"), "outbox": ("outbox",), "process": ()}
        return per[self.per] + self.labels


METRICS = {
    "pg_tide_messages_polled_total": Declared("counter", "Messages read from the outbox."),
    "pg_tide_messages_filtered_total": Declared("counter", "Messages that the filter dropped."),
    "pg_tide_messages_delivered_total": Declared(
        "counter", "Messages acknowledged by Kafka, whose position is written."
    ),
    "pg_tide_messages_dead_lettered_total": Declared(
        "counter", "Messages put aside, by the stage that refused them.", ("stage",)
    ),
    "pg_tide_messages_retried_total": Declared(
        "counter", "Messages that had been put aside and were tried again."
    ),
    "pg_tide_dead_letters": Declared(
        "gauge", "Messages put aside that nobody has retried or discarded yet."
    ),
    "pg_tide_parked_keys": Declared("gauge", "Keys whose messages wait behind one put aside."),
    "pg_tide_delivered_bytes_total": Declared(
        "counter", "Bytes of the messages delivered, before compression."
    ),
    "pg_tide_produce_errors_total": Declared(
        "counter", "Failed attempts to reach Kafka or to produce, by reason.", ("error",)
    ),
    "pg_tide_transactions_total": Declared(
        "counter",
        "Kafka transactions of exactly_once, by outcome: committed, aborted.",
        ("outcome",),
    ),
    "pg_tide_transactions_forgotten_total": Declared(
        "counter", "Kafka transactions that PostgreSQL forgot in a fail-over: repeated."
    ),
    "pg_tide_topics_recreated_total": Declared(
        "counter", "Topics found deleted and made anew: what they held is gone."
    ),
    "pg_tide_lag_messages": Declared(
        "gauge", "Messages committed by publishers, not delivered yet."
    ),
    "pg_tide_lag_seconds": Declared("gauge", "Age of the oldest of those, in seconds."),
    "pg_tide_delivery_seconds": Declared(
        "histogram", "From a message's insert to its acknowledgement, in seconds."
    ),
    "pg_tide_stage_seconds": Declared("histogram", "A batch's time in each stage.", ("stage",)),
    "pg_tide_batch_messages": Declared("histogram", "Messages polled together."),
    "pg_tide_in_flight_messages": Declared("gauge", "Messages polled and not acknowledged yet."),
    "pg_tide_buffer_bytes": Declared("gauge", "Bytes of those messages."),
    "pg_tide_pipeline_state": Declared(
        "gauge", "1 for the state that the pipeline is in, 0 for the others.", ("state",)
    ),
    "pg_tide_pipelines_owned": Declared(
        "gauge", "Pipelines that this process runs.", per="process"
    ),
    "pg_tide_takeovers_total": Declared(
        "counter", "Times that this process took a pipeline over.", per="process"
    ),
    "pg_tide_postgres_reconnects_total": Declared(
        "counter", "Times that the lock connection was lost.", per="process"
    ),
    "pg_tide_config_reloads_total": Declared(
        "counter", "Times that pipelines were started, changed or stopped from SQL.", per="process"
    ),
    "pg_tide_outbox_retained_messages": Declared(
        "gauge", "Messages stored, delivered or not; an estimate.", per="outbox"
    ),
    "pg_tide_outbox_slots_waiting": Declared(
        "gauge", "Expired slots that a consumer group still holds up.", per="outbox"
    ),
}
BUCKETS = {
    "pg_tide_delivery_seconds": DELIVERY_BUCKETS,
    "pg_tide_stage_seconds": STAGE_BUCKETS,
    "pg_tide_batch_messages": BATCH_BUCKETS,
}


class DeliveryTimes(Collector):
    """The histogram of delivery times, counted a batch at a time."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._sums: dict[tuple[str, str], float] = {}

    def observe(self, labels: tuple[str, str], now: float, published_us: Sequence[int]) -> None:
        """Count messages published at these times, nearly in order, and acknowledged now.

        A message out of order by a bucket's width may be counted in the bucket beside its own.
        """
        counts = self._counts.setdefault(labels, [0] * (len(DELIVERY_BUCKETS) + 1))
        newer = len(published_us)
        for index, seconds in enumerate(DELIVERY_BUCKETS):
            oldest = bisect.bisect_left(published_us, (now - seconds) * 1e6, 0, newer)
            counts[index] += newer - oldest
            newer = oldest
        counts[-1] += newer
        total = now * len(published_us) - sum(published_us) / 1e6
        self._sums[labels] = self._sums.get(labels, 0.0) + total

    def forget(self, labels: tuple[str, str]) -> None:
        """Tell nothing more of a pipeline."""
        self._counts.pop(labels, None)
        self._sums.pop(labels, None)

    def collect(self) -> Iterable[Metric]:
        """The family, as prometheus_client wants it."""
        name = "pg_tide_delivery_seconds"
        declared = METRICS[name]
        family = HistogramMetricFamily(name, declared.help, labels=declared.all_labels)
        bounds = [str(bound) for bound in DELIVERY_BUCKETS] + ["+Inf"]
        for labels, counts in self._counts.items():
            running, buckets = 0, []
            for bound, count in zip(bounds, counts, strict=True):
                running += count
                buckets.append((bound, float(running)))
            family.add_metric(list(labels), buckets, self._sums[labels])
        yield family


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.delivery_times = DeliveryTimes()
        self.registry.register(self.delivery_times)
        self._of: dict[str, Counter | Gauge | Histogram] = {}
        for name, declared in METRICS.items():
            if name != "pg_tide_delivery_seconds":
                self._of[name] = self._made(name, declared)

    def _made(self, name: str, declared: Declared) -> Counter | Gauge | Histogram:
        labels = declared.all_labels
        if declared.kind == "counter":
            return Counter(name, declared.help, labels, registry=self.registry)
        if declared.kind == "gauge":
            return Gauge(name, declared.help, labels, registry=self.registry)
        return Histogram(name, declared.help, labels, registry=self.registry, buckets=BUCKETS[name])

    def forget(self, labels: dict[str, str]) -> None:
        """Tell nothing more of what has these labels."""
        for name, metric in self._of.items():
            if METRICS[name].per == "pipeline":
                metric.remove_by_labels(labels)
        self.delivery_times.forget((labels["pipeline"], labels["outbox"]))

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self.registry)

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Add to a counter."""
        metric = self._of[name]
        assert isinstance(metric, Counter)  # noqa: S101 - the name says which kind it is
        (metric.labels(**labels) if labels else metric).inc(by)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        metric = self._of[name]
        assert isinstance(metric, Gauge)  # noqa: S101 - the name says which kind it is
        (metric.labels(**labels) if labels else metric).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Observe a histogram's value."""
        metric = self._of[name]
        assert isinstance(metric, Histogram)  # noqa: S101 - the name says which kind it is
        metric.labels(**labels).observe(value)


class Meter:
    """The metrics of one pipeline."""

    def __init__(self, metrics: Metrics, pipeline: str, outbox: str) -> None:
        self._metrics = metrics
        self._labels = {"pipeline": pipeline, "outbox": outbox}

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Add to a counter, named without its prefix `pg_tide_`."""
        if by:
            self._metrics.count(f"pg_tide_{name}", by, **self._labels, **labels)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge, named without its prefix."""
        self._metrics.set(f"pg_tide_{name}", value, **self._labels, **labels)

    def stage(self, name: str, since: float) -> None:
        """A batch left a stage that it entered at `since` (time.perf_counter)."""
        self.took(name, time.perf_counter() - since)

    def took(self, name: str, seconds: float) -> None:
        """A batch took so long in a stage."""
        self._metrics.observe("pg_tide_stage_seconds", seconds, **self._labels, stage=name)

    def forget(self) -> None:
        """The pipeline is no more."""
        self._metrics.forget(self._labels)

    def polled(self, messages: int) -> None:
        """A page was polled."""
        self.count("messages_polled_total", messages)
        self._metrics.observe("pg_tide_batch_messages", messages, **self._labels)

    def delivered(self, acknowledged_at: float, published_us: Sequence[int]) -> None:
        """Messages published at these times were acknowledged by this one."""
        labels = (self._labels["pipeline"], self._labels["outbox"])
        self._metrics.delivery_times.observe(labels, acknowledged_at, published_us)

    def state(self, state: str) -> None:
        """The pipeline is in this state."""
        for known in STATES:
            self.set("pipeline_state", float(known == state), state=known)
