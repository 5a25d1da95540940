"""The chaos run's sequence of faults comes from its seed alone; repeats find their cause."""

from itertools import islice

from tests.chaos.plan import plan
from tests.fixtures.oracle.arrivals import Arrival, Cause, by_cause, longest_gap, repeats
from tests.fixtures.oracle.ledger import Told

KINDS = [f"kind {number}" for number in range(7)]


def test_the_same_seed_gives_the_same_faults_at_the_same_times() -> None:
    first, again = (list(plan(7, 100, 1, KINDS)) for _ in range(2))
    assert first == again
    assert first != list(plan(8, 100, 1, KINDS))
    assert [each.chance(7).random() for each in first] == [
        each.chance(7).random() for each in again
    ]


def test_each_kind_comes_before_any_comes_again() -> None:
    found = [each.fault for each in islice(plan(7, 1000, 1, KINDS), 21)]
    for begin in (0, 7, 14):
        assert set(found[begin : begin + 7]) == set(KINDS)


def test_they_come_in_order_about_as_often_as_asked_for() -> None:
    times = [each.at for each in plan(7, 1000, 2, KINDS)]
    assert times == sorted(times)
    assert times[-1] < 1000
    assert 450 < len(times) < 550


def arrival(n: int, at: float) -> Arrival:
    return Arrival(Told("orders", "a", n), at)


def test_a_repeat_counts_for_the_last_cause_before_it() -> None:
    seen = [arrival(1, 1), arrival(2, 2), arrival(1, 2.5), arrival(2, 5), arrival(1, 6)]
    early, late = Cause(3, "cut"), Cause(5.5, "killed")
    found = by_cause(repeats(seen), [late, early])
    assert found == {None: 1, early: 1, late: 1}


def test_the_longest_gap_is_found_at_the_edges_too() -> None:
    seen = [arrival(n, at) for n, at in enumerate((0.5, 3, 4, 8))]
    assert longest_gap(seen, 2, 6) == (2, 4)
    assert longest_gap(seen, 0, 9) == (4, 4)
