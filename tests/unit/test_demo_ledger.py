"""The demo's verdict: what its ledger says of what was committed and what was seen."""

import pytest

from pg_tide.demo.ledger import Ledger, Seen


def seen(dedup_key: str, *, key: str = "alice", at: float = 0.0) -> Seen:
    return Seen("orders", 0, 0, key, "created", "{}", dedup_key, at)


def commit(ledger: Ledger, now: float = 0.0) -> int:
    number = ledger.new()
    ledger.committing(number, now)
    ledger.committed(number)
    return number


@pytest.fixture
def ledger() -> Ledger:
    return Ledger("run")


def test_all_that_was_committed_was_seen(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.saw(seen(ledger.dedup_key(commit(ledger))))
    assert ledger.problems(complete=True) == []
    assert (ledger.published, ledger.delivered, ledger.pending) == (3, 3, 0)


def test_a_record_may_be_seen_before_commit_is_answered(ledger: Ledger) -> None:
    number = ledger.new()
    ledger.committing(number, 0)
    ledger.saw(seen(ledger.dedup_key(number)))
    assert ledger.pending == 0
    ledger.committed(number)
    assert ledger.pending == 0
    assert ledger.problems(complete=True) == []


def test_missing_messages_count_only_when_all_were_waited_for(ledger: Ledger) -> None:
    ledger.saw(seen(ledger.dedup_key(commit(ledger))))
    number = commit(ledger)
    assert ledger.pending == 1
    assert ledger.problems(complete=False) == []
    assert ledger.problems(complete=True) == [
        f"1 committed messages did not arrive ({ledger.dedup_key(number)})"
    ]


def test_nothing_at_all_is_not_complete(ledger: Ledger) -> None:
    assert ledger.problems(complete=True) == ["no message arrived"]


def test_a_repeat_is_wrong(ledger: Ledger) -> None:
    record = seen(ledger.dedup_key(commit(ledger)))
    ledger.saw(record)
    ledger.saw(record)
    assert (ledger.delivered, ledger.repeated) == (1, 1)
    assert len(ledger.problems(complete=False)) == 1


@pytest.mark.parametrize("before", [True, False])
def test_what_was_rolled_back_must_not_be_seen(ledger: Ledger, *, before: bool) -> None:
    number = ledger.new()
    record = seen(ledger.dedup_key(number))
    if before:
        ledger.saw(record)
    ledger.undone(number)
    if not before:
        ledger.saw(record)
    assert ledger.phantoms == 1
    assert len(ledger.problems(complete=False)) == 1


def test_order_counts_within_a_key(ledger: Ledger) -> None:
    first, second = (ledger.dedup_key(commit(ledger)) for _ in range(2))
    ledger.saw(seen(second, key="bruno"))
    ledger.saw(seen(first, key="alice"))
    assert ledger.out_of_order == 0
    third, fourth = (ledger.dedup_key(commit(ledger)) for _ in range(2))
    ledger.saw(seen(fourth, key="alice"))
    ledger.saw(seen(third, key="alice"))
    assert ledger.out_of_order == 1
    assert len(ledger.problems(complete=True)) == 1


def test_a_commit_without_an_answer_may_arrive_or_not(ledger: Ledger) -> None:
    ledger.saw(seen(ledger.dedup_key(commit(ledger))))
    for arrives in (True, False):
        number = ledger.new()
        ledger.committing(number, 0)
        ledger.doubted(number)
        if arrives:
            ledger.saw(seen(ledger.dedup_key(number)))
    assert ledger.problems(complete=True) == []


@pytest.mark.parametrize("dedup_key", ["", "run", "run-", "run-x", "run-7", "other-0", "run-²"])
def test_records_of_others_are_counted_apart(ledger: Ledger, dedup_key: str) -> None:
    commit(ledger)
    assert not ledger.saw(seen(dedup_key))
    assert (ledger.others, ledger.delivered) == (1, 0)


def test_latency_is_from_commit_to_sight(ledger: Ledger) -> None:
    assert ledger.latency(0.5) == [None]
    for latency in range(1, 101):
        ledger.saw(seen(ledger.dedup_key(commit(ledger, now=10.0)), at=10.0 + latency))
    assert ledger.latency(0, 0.5, 0.99, 1) == [1, 51, 100, 100]
