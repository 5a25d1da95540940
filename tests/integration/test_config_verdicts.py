"""SQL and Python say the same of a configuration, word for word.

But for JMESPath, whose syntax only Python knows: the expressions here are well written.
"""

import json
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pg_tide.config.catalogue import OPTIONS
from pg_tide.config.check import check
from pg_tide.config.formats import header_texts
from pg_tide.config.option import Option
from pg_tide.config.references import is_reference
from pg_tide.config.rules import Rule
from tests.fixtures.configurations import VALUES, configurations, values, without_zero_signs
from tests.fixtures.examples import examples
from tests.fixtures.rule_cases import RULE_CASES, found
from tests.fixtures.wrong_configurations import RIGHT, wrong_configurations


class Sql:
    """The functions that check configurations, called in a database."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        # As in the functions that call these: nothing is found but by its schema.
        self.connection.execute("SET search_path = pg_catalog, pg_temp")

    def problems(self, config: Any) -> list[str]:
        """Return what is wrong with a configuration."""
        return list(self._value("SELECT tide._config_problems(%s::jsonb)", json.dumps(config)))

    def value(self, config: Any, option: str) -> Any:
        """Return what a configuration says of an option."""
        return self._value("SELECT tide._config_value(%s::jsonb, %s)", json.dumps(config), option)

    def breaks(self, rule: Rule, value: Any, other: Any) -> bool:
        """Return whether the values of two options break a rule."""
        row = (rule.kind, rule.option, json.dumps(rule.value), rule.other, rule.message)
        said = found(value, other)
        sides = [(json.dumps(said.values[name]), name in said.given) for name in ("a", "b")]
        query: LiteralString = (
            "SELECT tide._rule_is_broken((%s, %s, %s, %s, %s, null),"
            " nullif(%s::jsonb, 'null'), %s, nullif(%s::jsonb, 'null'), %s)"
        )
        return bool(self._value(query, *row, *sides[0], *sides[1]))

    def _value(self, query: LiteralString, *arguments: str | bool | None) -> Any:
        row = self.connection.execute(query, arguments).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def sql(database: str) -> Iterator[Sql]:
    checks = Sql(database)
    yield checks
    checks.connection.close()


def test_every_wrong_configuration_gets_its_problems(sql: Sql) -> None:
    for config, problems in wrong_configurations():
        assert sql.problems(config) == problems


def test_rules_are_broken_alike(sql: Sql) -> None:
    for rule, value, other, broken in RULE_CASES:
        assert sql.breaks(rule, value, other) is broken


def same(value: Any, other: Any) -> bool:
    """Return whether values are equal, those in an object by their text: 1e16 is an integer."""
    if isinstance(value, dict) and isinstance(other, dict):
        return header_texts(value) == header_texts(other)
    return bool(value == other)


QUIETLY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_of_each_option_they_say_the_same(sql: Sql, option: Option) -> None:
    @settings(QUIETLY, max_examples=examples(20))
    @given(values(option))
    def they_say_the_same(value: Any) -> None:
        config = without_zero_signs({**RIGHT, option.name: value})
        verdict = check(config)
        assert sql.problems(config) == verdict.problems
        if not verdict.problems and not is_reference(value):
            assert same(sql.value(config, option.name), verdict.values[option.name])

    they_say_the_same()


@settings(QUIETLY, max_examples=examples(200))
@given(config=configurations() | VALUES.map(without_zero_signs))
def test_of_a_whole_configuration_they_say_the_same(sql: Sql, config: Any) -> None:
    assert sql.problems(config) == check(config).problems


@settings(QUIETLY, max_examples=examples(50))
@given(config=configurations(), option=st.sampled_from(OPTIONS))
def test_of_a_wrong_configuration_they_read_the_same(
    sql: Sql, config: dict[str, Any], option: Option
) -> None:
    verdict = check(config)
    right = not any(problem.startswith(option.name) for problem in verdict.problems)
    if right and not is_reference(config.get(option.name)):
        assert same(sql.value(config, option.name), verdict.values[option.name])
