"""Rules across options, with rules made up for the test."""

from typing import Any

import pytest

from pg_tide.config.rules import Rule, rule_problems
from tests.fixtures.rule_cases import RULE_CASES, conflict, requirement


@pytest.mark.parametrize(("rule", "a", "b", "broken"), RULE_CASES)
def test_when_a_rule_is_broken(rule: Rule, a: Any, b: Any, broken: bool) -> None:
    assert bool(rule_problems({"a": a, "b": b}, (), [rule])) is broken


def test_the_sentence_names_both_values() -> None:
    assert rule_problems({"a": True, "b": "y"}, (), [conflict()]) == ['a: no true with "y"; choose']
    assert rule_problems({"a": 1, "b": None}, (), [requirement()]) == ["a: needs b, not null"]


@pytest.mark.parametrize("wrong", ["a", "b"])
def test_an_option_already_found_wrong_breaks_no_rule(wrong: str) -> None:
    assert rule_problems({"a": 1, "b": 2}, {wrong}, [conflict()]) == []
