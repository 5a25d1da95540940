"""The declarations of options: complete, and the same wherever they are read."""

import pytest

from pg_tide.config import OPTIONS, PipelineConfig, option_rows
from pg_tide.config.demands import RULES
from pg_tide.config.formats import FORMATS
from pg_tide.config.option import Option
from pg_tide.config.scalars import read
from pg_tide.config.values import value_problems
from tests.fixtures.messages import a_config

BY_NAME = {option.name: option for option in OPTIONS}


def test_the_model_of_the_relay_has_exactly_these_options() -> None:
    assert {name.split(".")[0] for name in BY_NAME} == set(PipelineConfig.model_fields)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_is_declared_in_full(option: Option) -> None:
    assert option.description
    assert not option.description.endswith(".")
    assert option.description.isascii()
    assert option.type in {"text", "integer", "boolean", "object", "array", "list", "schema"}
    assert option.format in {None, *FORMATS}
    assert (option.minimum is None) == (option.maximum is None)
    assert option.minimum is not None or option.type != "integer"
    assert not (option.required and option.default is not None)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_default_is_right(option: Option) -> None:
    if option.default is not None:
        assert value_problems(option, option.default) == []
        assert read(option.type, option.default) == option.default


def test_limits_choices_and_types_are_read_off_the_declaration() -> None:
    assert BY_NAME["batch_size"].type == "integer"
    assert (BY_NAME["batch_size"].minimum, BY_NAME["batch_size"].maximum) == (1, 100_000)
    assert BY_NAME["acks"].choices == ("0", "1", "all")
    assert BY_NAME["client_id"].maximum == 200
    assert BY_NAME["brokers"].required
    assert BY_NAME["topic"].format == "topic_template"
    assert BY_NAME["transform.filter"].section == "Shaping"


def test_rules_speak_of_options_that_exist() -> None:
    assert {rule.option for rule in RULES} | {rule.other for rule in RULES} <= BY_NAME.keys()


def test_rows_for_a_table() -> None:
    rows = {name: rest for name, *rest in option_rows()}
    assert rows.keys() == BY_NAME.keys()
    assert rows["acks"][:2] == ["0, 1, all", "all"]
    assert rows["topic"][:2] == ["template", "unset"]
    assert rows["brokers"][:2] == ["list of host:port", "required"]
    assert rows["batch_size"][:2] == ["integer, 1 to 100000", "unset"]
    assert rows["client_id"][:2] == ["text, 1 to 200 characters", "pg-tide"]


def test_defaults_are_what_the_relay_works_with() -> None:
    config = a_config()
    for option in OPTIONS:
        value = config
        for name in option.name.split("."):
            value = getattr(value, {"schema": "schema_"}.get(name, name))
        if isinstance(value, tuple):
            value = list(value)
        if not option.required and option.name not in {"idempotent", "topic"}:
            assert value == option.default
