"""Rules across options, with rules made up for the test."""

from typing import Any

import pytest

from pg_tide.config.rules import Rule, broken_rules, is_broken
from tests.fixtures.rule_cases import RULE_CASES, conflict, found, requirement


@pytest.mark.parametrize(("rule", "a", "b", "broken"), RULE_CASES)
def test_when_a_rule_is_broken(rule: Rule, a: Any, b: Any, broken: bool) -> None:
    assert is_broken(rule, found(a, b)) is broken


def test_the_sentence_names_both_values() -> None:
    assert list(broken_rules((conflict(),), found(True, "y"))) == ['a: no true with "y"; choose']
    assert list(broken_rules((requirement(),), found(1, None))) == ["a: needs b, not null"]


@pytest.mark.parametrize("wrong", ["a", "b"])
def test_an_option_already_found_wrong_breaks_no_rule(wrong: str) -> None:
    said = found(1, 2)
    said.wrong = {wrong}
    assert list(broken_rules((conflict(),), said)) == []
