"""Exactly once, proven in a model: all interleavings within bounds, and each rule taken out.

`HYPOTHESIS_PROFILE=thorough` goes further. Printed: states, and a mutant's shortest history.
"""

import os

import pytest

from pg_tide import intent
from tests.model.mutants import MUTANTS, NOT_NEEDED, Mutant
from tests.model.rules import Bounds
from tests.model.search import Outcome, search

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"

RELAYS = "freeze, lost answer, postgres, refused, timed out"
BROUGHT_ABOUT = {
    "relays and PostgreSQL die": Bounds.of(RELAYS, 3, 3, poison=frozenset({1})),
    "a tail is lost": Bounds.of("freeze, lost tail, timed out", 2, published=1),
    "a tail is lost, with what was put aside": Bounds.of(
        "freeze, lost tail", 2, 2, poison=frozenset({0})
    ),
    "another producer is configured": Bounds.of("configured, freeze, postgres", 3, 2),
    "another producer, and a tail is lost": Bounds.of("configured, freeze, lost tail", 2, 2),
    "marks expire, or are deleted": Bounds.of("crash, deleted", 1, 2, ticks=2, recommits=True),
}
FURTHER = {
    "relays and PostgreSQL die": Bounds.of(RELAYS, 4, 3, poison=frozenset({1}), runs=3),
    "a tail is lost": Bounds.of("freeze, lost tail, timed out", 3, published=1),
    "a tail is lost, with what was put aside": Bounds.of(
        "freeze, lost tail", 3, 2, poison=frozenset({0})
    ),
    "another producer is configured": Bounds.of("configured, freeze, postgres", 4, 2),
    "another producer, and a tail is lost": Bounds.of("configured, freeze, lost tail", 3, 2),
    "marks expire, or are deleted": Bounds.of("crash, deleted, freeze", 2, 2, ticks=2),
}


@pytest.mark.timeout(1200 if THOROUGH else 120)
@pytest.mark.parametrize("name", BROUGHT_ABOUT)
def test_nothing_is_lost_and_nothing_repeated(name: str) -> None:
    outcome = search((FURTHER if THOROUGH else BROUGHT_ABOUT)[name])
    tell(name, outcome)
    assert outcome.wrong is None, "\n".join((outcome.wrong or "", *outcome.history))
    assert outcome.states > 1000  # else the bounds leave nothing to search


@pytest.mark.parametrize("name", MUTANTS)
def test_without_a_rule_it_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = without_a_rule(MUTANTS[name], monkeypatch)
    tell(name, outcome)
    assert outcome.wrong is not None
    assert MUTANTS[name].finds in outcome.wrong


@pytest.mark.parametrize("name", NOT_NEEDED)
def test_what_tokens_make_superfluous(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_a_rule(NOT_NEEDED[name], monkeypatch).wrong is None


@pytest.mark.parametrize("bounds", dict.fromkeys(one.bounds for one in MUTANTS.values()), ids=str)
def test_with_all_rules_the_same_faults_do_no_harm(bounds: Bounds) -> None:
    assert search(bounds).wrong is None


def without_a_rule(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What the search finds in a mutant."""
    for function, instead in mutant.decided.items():
        monkeypatch.setattr(intent, function, instead)
    return search(mutant.bounds, mutant.rules)


def tell(name: str, outcome: Outcome) -> None:
    """Print what was found; pytest shows it with -s, or when it fails."""
    said = f"{outcome.wrong}: {'; '.join(outcome.history)}" if outcome.wrong else "nothing wrong"
    print(f"{name}: {outcome.states} states, {said}")  # noqa: T201
