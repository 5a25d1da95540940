"""The chaos run's sequence of faults comes from its seed alone; repeats find their cause."""

import json
from itertools import islice

from tests.chaos.faults import FAULTS
from tests.chaos.plan import plan
from tests.chaos.run import Options
from tests.chaos.stage import BOTH, POLICIES, pipelines_of
from tests.fixtures.kill_points import Deed, doing, points
from tests.fixtures.kill_points_round import RECOVERY, Round
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


def test_what_needs_transactions_strikes_where_there_are_some() -> None:
    everywhere = [each for each in FAULTS if Options(1, 1, 1).has(each)]
    wanted = {
        brokers: Options(1, 1, 1, delivery="exactly_once", brokers=brokers) for brokers in (1, 3)
    }
    once = [each for each in FAULTS if wanted[3].has(each)]
    both = [each for each in FAULTS if Options(1, 1, 1, delivery=BOTH, brokers=3).has(each)]
    assert len(everywhere) < len(once) == len(both) == len(FAULTS)
    left_out = {each.name for each in FAULTS if not wanted[1].has(each)}
    assert left_out == {"kafka: broker killed", "kafka: killed in a transaction"}
    calm = [each for each in FAULTS if Options(1, 1, 1, True, delivery=BOTH).has(each)]
    assert calm
    assert all(each.graceful for each in calm)


def test_with_both_kinds_each_outbox_has_two_pipelines_and_each_of_them_a_topic() -> None:
    pipelines = pipelines_of(BOTH)
    assert len(pipelines) == 2 * len({each.outbox for each in pipelines}) == 2 * len(POLICIES)
    assert len({each.name for each in pipelines}) == len({each.topic for each in pipelines}) == 6
    for each in pipelines:
        options = json.loads(each.config("b:1", cured=False, variation={"commit_interval_ms": 5}))
        # It is refused where each transaction writes the position.
        assert ("commit_interval_ms" in options) is not each.exactly_once
        assert options["topic"] in {each.topic, "{payload.to}", "{payload.to}-once"}


def test_recoveries_follow_a_death_that_leaves_an_intent_committed_or_not() -> None:
    places = Round("t", "exactly_once", rounds=2).places
    names = [name for name, _ in places]
    assert sorted(names) == sorted(2 * points("exactly_once"))
    before = [names[at - 1] for at, name in enumerate(names) if name == RECOVERY[0]]
    assert before == ["after commit", "stamped"]
    assert all(
        tuple(names[at : at + len(RECOVERY)]) == RECOVERY
        for at, name in enumerate(names)
        if name == RECOVERY[0]
    )


def test_what_is_done_at_a_point_is_done_once() -> None:
    done: list[Deed] = []

    class Noted(Deed):
        def do(self) -> None:
            done.append(self)

    passed = doing(2, Noted())
    for expected in (0, 0, 1, 1, 1):
        passed()
        assert len(done) == expected
