"""The nearest name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.nearest import edit_distance, nearest

NAMES = ["brokers", "batch_size", "acks", "topic"]


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("brokrs", "brokers", 1),
        ("borkers", "brokers", 1),
        ("ca", "abc", 3),  # a swapped pair is not edited again
        ("kitten", "sitting", 3),
    ],
)
def test_distance(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b) == distance


@given(st.text(max_size=8), st.text(max_size=8))
def test_distance_is_symmetric_and_no_more_than_the_longer(a: str, b: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("brokrs", "brokers"),
        ("BROKERS", "brokers"),
        ("batchsize", "batch_size"),
        ("delivery", None),
    ],
)
def test_the_nearest(name: str, found: str | None) -> None:
    assert nearest(name, NAMES) == found


def test_of_equals_the_first_by_code_points() -> None:
    assert nearest("axx", ["cxx", "bxx"]) == "bxx"


def test_nothing_is_near_to_nothing() -> None:
    assert nearest("topic", []) is None
