"""Waits double, stay within bounds, and begin anew."""

from hypothesis import given
from hypothesis import strategies as st

from pg_tide.retry import Backoff


def lowest() -> float:
    return 1.0


def highest() -> float:
    return 0.0


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(100, 1000, highest)
    assert [backoff.next() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_half_of_a_wait_is_left_to_chance() -> None:
    backoff = Backoff(100, 1000, lowest)
    assert [backoff.next() for _ in range(5)] == [0.05, 0.1, 0.2, 0.4, 0.5]


def test_after_a_success_waits_are_short_again() -> None:
    backoff = Backoff(100, 1000, highest)
    for _ in range(9):
        backoff.next()
    backoff.reset()
    assert backoff.tries == 0
    assert backoff.next() == 0.1


def test_the_first_wait_is_no_longer_than_the_longest() -> None:
    assert Backoff(5000, 1000, highest).next() == 1.0


def test_it_goes_on_for_ever() -> None:
    backoff = Backoff(1, 60_000, highest)
    waits = [backoff.next() for _ in range(5000)]
    assert waits[-1] == 60.0
    assert backoff.tries == 5000


@given(
    first=st.integers(1, 10_000),
    most=st.integers(1, 1_000_000),
    tries=st.integers(1, 50),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_between_half_and_whole(first: int, most: int, tries: int, dice: float) -> None:
    backoff = Backoff(first, most, lambda: dice)
    waits = [backoff.next() for _ in range(tries)]
    whole = [min(most, first * 2**n) / 1000 for n in range(tries)]
    for wait, longest in zip(waits, whole, strict=True):
        assert longest / 2 <= wait <= longest
    assert waits == sorted(waits)


def test_the_dice_are_its_own_unless_given() -> None:
    waits = {Backoff(1000, 1000).next() for _ in range(50)}
    assert len(waits) > 1
