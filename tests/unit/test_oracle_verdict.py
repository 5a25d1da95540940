"""The oracle's judgement, case by case."""

import pytest

from tests.fixtures.oracle.ledger import Ledger, Told
from tests.fixtures.oracle.verdict import judge


def told(n: int, key: str = "a") -> Told:
    return Told("orders", key, n)


def ledger(*committed: Told, rolled_back: tuple[Told, ...] = ()) -> Ledger:
    book = Ledger()
    book.commit(1, committed)
    book.roll_back(rolled_back)
    return book


def test_all_is_well() -> None:
    book = ledger(told(1), told(3), told(1, "b"), rolled_back=(told(2),))
    judge(book, [told(1), told(1, "b"), told(3)]).demand()


def test_a_committed_message_that_never_came_is_lost() -> None:
    verdict = judge(ledger(told(1), told(2)), [told(2)])
    assert verdict.lost == [told(1)]
    assert not verdict.out_of_order
    with pytest.raises(AssertionError, match=r"lost 1 \(orders/a 1\); phantom 0"):
        verdict.demand()


def test_a_message_that_was_rolled_back_or_never_published_is_a_phantom() -> None:
    verdict = judge(ledger(rolled_back=(told(1),)), [told(1), told(7)])
    assert verdict.phantom == [told(1), told(7)]


def test_order_counts_within_a_key_alone() -> None:
    book = ledger(*(told(n, key) for n in (1, 2, 3) for key in "ab"))
    seen = [told(3), told(1, "b"), told(1), told(2, "b"), told(2), told(3, "b")]
    assert judge(book, seen).out_of_order == [told(1), told(2)]


def test_a_repeat_is_a_duplicate_but_not_out_of_order() -> None:
    verdict = judge(ledger(told(1), told(2)), [told(1), told(2), told(1), told(2), told(1)])
    assert verdict.duplicates == [told(1), told(1), told(2)]
    assert not verdict.out_of_order
    verdict.demand(at_most_duplicates=3)
    with pytest.raises(AssertionError, match="duplicates 3"):
        verdict.demand(at_most_duplicates=2)


def test_a_filtered_message_must_not_come() -> None:
    book = ledger(told(1), told(2))
    judge(book, [told(1)], frozenset([told(2)])).demand()
    assert judge(book, [told(1), told(2)], frozenset([told(2)])).phantom == [told(2)]


def test_a_message_that_was_put_aside_may_come_late() -> None:
    book = ledger(told(1), told(2), told(3))
    seen = [told(2), told(3), told(1)]
    assert judge(book, seen).out_of_order == [told(1)]
    judge(book, seen, put_aside=frozenset([told(1)])).demand()
    assert judge(book, seen[:2], put_aside=frozenset([told(1)])).lost == [told(1)]


def test_only_the_first_few_are_shown() -> None:
    verdict = judge(ledger(*(told(n) for n in range(1, 100))), [])
    assert "lost 99 (orders/a 1, orders/a 2, orders/a 3, orders/a 4, orders/a 5, …)" in str(verdict)


def test_a_ledger_numbers_messages_by_key() -> None:
    book = Ledger()
    assert book.draw("orders", "a", 2) == [told(1), told(2)]
    assert book.draw("orders", "b", 1) == [told(1, "b")]
    assert book.draw("orders", "a", 1) == [told(3)]


def test_what_was_unknown_is_settled_by_the_applications_own_rows() -> None:
    book = Ledger()
    book.doubt(1, [told(1)])
    book.doubt(2, [told(2)])
    book.resolve({2})
    assert (book.committed, book.rolled_back) == ({told(2)}, {told(1)})


@pytest.mark.parametrize("survivors", [set(), {1, 2}])
def test_a_database_that_remembers_otherwise_is_no_witness(survivors: set[int]) -> None:
    book = ledger(told(1))
    with pytest.raises(AssertionError, match="are not as committed"):
        book.resolve(survivors)


def test_what_a_database_forgot_may_have_been_delivered_and_what_it_kept_must() -> None:
    book = ledger(told(1), told(2), told(3), rolled_back=(told(4),))
    book.doubt(2, [told(5)])
    seen = [told(2), told(4), told(5)]
    book.forget(kept=[told(1)], seen=seen)
    verdict = judge(book, seen)
    assert (verdict.lost, verdict.phantom) == ([told(1)], [told(4)])
