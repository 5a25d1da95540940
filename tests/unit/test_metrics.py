"""Metrics are a closed list, counted a batch at a time, and tell nothing of pipelines gone."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pg_tide.metrics import (
    BATCH_BUCKETS,
    DELIVERY_BUCKETS,
    METRICS,
    STAGE_BUCKETS,
    STATES,
    Declared,
    Meter,
    Metrics,
)

OF = {"pipeline": "p", "outbox": "o"}
DELIVERY = "pg_tide_delivery_seconds"


@pytest.fixture
def metrics() -> Metrics:
    """Return the metrics of a process that did nothing yet."""
    return Metrics()


@pytest.fixture
def meter(metrics: Metrics) -> Meter:
    """Return the metrics of the pipeline `p`."""
    return Meter(metrics, "p", "o")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """What is told of one metric."""
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(("name", "declared"), METRICS.items())
def test_names_say_what_is_counted_and_in_what(name: str, declared: Declared) -> None:
    assert re.fullmatch(r"pg_tide_[a-z_]+", name)
    assert name.endswith("_total") == (declared.kind == "counter")
    assert declared.kind in {"counter", "gauge", "histogram"}
    assert not declared.help[0].islower()
    assert declared.help.endswith(".")


@pytest.mark.parametrize(
    ("per", "labels"),
    [("pipeline", ("pipeline", "outbox", "x")), ("outbox", ("outbox", "x")), ("process", ("x",))],
)
def test_labels_say_whose_it_is(per: str, labels: tuple[str, ...]) -> None:
    assert Declared("gauge", "Help.", ("x",), per=per).all_labels == labels


@pytest.mark.parametrize("buckets", [DELIVERY_BUCKETS, STAGE_BUCKETS, BATCH_BUCKETS])
def test_buckets_are_in_order(buckets: tuple[float, ...]) -> None:
    assert list(buckets) == sorted(set(buckets))


def test_all_is_told_in_the_format_of_prometheus(metrics: Metrics, meter: Meter) -> None:
    meter.count("messages_delivered_total", 3)
    meter.delivered(1000.0, [999_000_000])
    text = metrics.text().decode()
    told = {family.name for family in text_string_to_metric_families(text)}
    assert told == {name.removesuffix("_total") for name in METRICS}
    assert "_created" not in text


def test_a_pipelines_metrics_are_its_own(metrics: Metrics, meter: Meter) -> None:
    meter.count("messages_delivered_total", 3)
    Meter(metrics, "other", "o").count("messages_delivered_total", 4)
    assert value(metrics, "pg_tide_messages_delivered_total", **OF) == 3
    meter.set("lag_messages", 17)
    assert value(metrics, "pg_tide_lag_messages", **OF) == 17


def test_counting_nothing_tells_of_nothing(metrics: Metrics, meter: Meter) -> None:
    meter.count("messages_filtered_total", 0)
    assert value(metrics, "pg_tide_messages_filtered_total", **OF) is None


def test_a_page_counts_its_messages(metrics: Metrics, meter: Meter) -> None:
    meter.polled(5)
    meter.polled(7)
    assert value(metrics, "pg_tide_messages_polled_total", **OF) == 12
    assert value(metrics, "pg_tide_batch_messages_count", **OF) == 2
    assert value(metrics, "pg_tide_batch_messages_sum", **OF) == 12


def test_a_pipeline_is_in_one_state(metrics: Metrics, meter: Meter) -> None:
    for state in STATES:
        meter.state(state)
        told = {s: value(metrics, "pg_tide_pipeline_state", **OF, state=s) for s in STATES}
        assert told == {s: float(s == state) for s in STATES}


def test_a_process_has_metrics_of_its_own(metrics: Metrics) -> None:
    metrics.count("pg_tide_takeovers_total")
    metrics.set("pg_tide_pipelines_owned", 2)
    assert value(metrics, "pg_tide_takeovers_total") == 1
    assert value(metrics, "pg_tide_pipelines_owned") == 2


def test_nothing_else_can_be_counted(metrics: Metrics, meter: Meter) -> None:
    with pytest.raises(KeyError):
        metrics.count("pg_tide_surprises_total")
    with pytest.raises(ValueError, match="label"):
        meter.count("messages_delivered_total", 1, colour="red")


def test_a_kind_is_used_as_what_it_is(metrics: Metrics) -> None:
    with pytest.raises(AssertionError):
        metrics.set("pg_tide_takeovers_total", 1)
    with pytest.raises(AssertionError):
        metrics.count("pg_tide_pipelines_owned")


def test_nothing_is_told_of_a_pipeline_that_is_no_more(metrics: Metrics, meter: Meter) -> None:
    other = Meter(metrics, "other", "o")
    for one in (meter, other):
        one.count("messages_delivered_total", 3)
        one.state("running")
        one.polled(1)
        one.stage("poll", 0.0)
        one.delivered(1000.0, [999_000_000])
    metrics.set("pg_tide_outbox_retained_messages", 5, outbox="o")
    meter.forget()
    text = metrics.text().decode()
    assert 'pipeline="p"' not in text
    assert 'pipeline="other"' in text
    assert value(metrics, "pg_tide_outbox_retained_messages", outbox="o") == 5
    meter.forget()


def by_hand(now: float, published_us: list[int]) -> dict[str, int]:
    """How many messages took at most so long, one by one."""
    counts = {
        str(bound): sum(at >= (now - bound) * 1e6 for at in published_us)
        for bound in DELIVERY_BUCKETS
    }
    return {**counts, "+Inf": len(published_us)}


@given(
    st.lists(st.integers(0, 10_000_000_000), max_size=50).map(sorted),
    st.lists(st.integers(0, 10_000_000_000), max_size=50).map(sorted),
)
@settings(deadline=None)
def test_delivery_times_are_those_of_each_message(first: list[int], second: list[int]) -> None:
    metrics, now = Metrics(), 10_000.0
    meter = Meter(metrics, "p", "o")
    meter.delivered(now, first)
    meter.delivered(now, second)
    published = first + second
    for bound, count in by_hand(now, published).items():
        assert value(metrics, f"{DELIVERY}_bucket", **OF, le=bound) == count
    assert value(metrics, f"{DELIVERY}_count", **OF) == len(published)
    total = sum(now - at / 1e6 for at in published)
    assert value(metrics, f"{DELIVERY}_sum", **OF) == pytest.approx(total, abs=0.01)


def test_a_clock_that_went_back_counts_as_no_time_at_all(metrics: Metrics, meter: Meter) -> None:
    meter.delivered(1000.0, [1_000_500_000])
    assert value(metrics, f"{DELIVERY}_bucket", **OF, le="0.005") == 1
