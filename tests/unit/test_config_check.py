"""A whole configuration: every problem at once, or values of the right types."""

import json
from typing import Any

import pytest

from pg_tide.config import PipelineConfig
from pg_tide.config.check import check
from pg_tide.errors import ConfigurationError
from tests.fixtures.messages import a_config
from tests.fixtures.wrong_configurations import RIGHT, wrong_configurations

TABLE = wrong_configurations()


@pytest.mark.parametrize(("config", "problems"), TABLE, ids=lambda part: json.dumps(part)[:60])
def test_every_wrong_configuration_gets_its_problems(config: Any, problems: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PipelineConfig.parse(config)
    assert list(caught.value.problems) == problems
    assert caught.value.message == "; ".join(problems)


def test_the_table_is_long_and_each_row_says_something() -> None:
    assert len(TABLE) >= 60
    assert all(problems for _, problems in TABLE)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("a b", '"a b" is not JMESPath: unexpected "b" at character 3'),
        ("absence(b)", '"absence(b)" is not JMESPath: unknown function absence() at character 1'),
        (5, '"5" is not JMESPath: unexpected "5" at character 1; write a number as `5`'),
    ],
)  # fmt: skip
def test_only_python_knows_the_syntax_of_expressions(expression: Any, problem: str) -> None:
    config = {**RIGHT, "transform": {"filter": expression}}
    assert check(config).problems == [f"transform.filter: {problem}"]


@pytest.mark.parametrize(
    ("option", "given", "value"),
    [
        ("batch_size", "100", 100),
        ("batch_size", 20_000, 20_000),
        ("max_in_flight", "0001", 1),
        ("acks", 0, "0"),
        ("acks", 1, "1"),
        ("idempotent", "true", True),
        ("metadata_headers", "false", False),
        ("start_from", 12345, "12345"),
        ("start_from", "2026-01-31", "2026-01-31"),
        ("start_from", "2028-02-29 12:00:00.5+01:30", "2028-02-29 12:00:00.5+01:30"),
        ("client_id", 5, "5"),
        ("relay_group", None, "default"),
        ("headers", {"version": 1}, {"version": "1"}),
        ("brokers", "a:1", ("a:1",)),
        ("brokers", " a.b-c_d:1 ,\n[::1]:9092", ("a.b-c_d:1", "[::1]:9092")),
        ("brokers", "[fe80::1%eth0]:65535", ("[fe80::1%eth0]:65535",)),
        ("topic", "{outbox}.{op}_{payload.a.b}", "{outbox}.{op}_{payload.a.b}"),
        ("message_key", "{headers.x y}", "{headers.x y}"),
        ("topic", "t" * 249, "t" * 249),
        ("message_key", "{{}}", "{{}}"),
    ],
)  # fmt: skip
def test_forgiving_where_the_intent_is_plain(option: str, given: Any, value: Any) -> None:
    assert getattr(a_config(**{option: given}), option) == value


@pytest.mark.parametrize(
    "config", [{"transform": {"filter": "op"}}, {"transform.filter": "op"}], ids=str
)
def test_nested_and_dotted_names_are_the_same(config: dict[str, Any]) -> None:
    assert a_config(**config).transform.filter == "op"


def test_sections_may_be_null_or_empty() -> None:
    assert a_config(transform=None) == a_config(transform={}) == a_config()


@pytest.mark.parametrize(
    ("options", "idempotent"),
    [
        ({}, True),
        ({"acks": 1}, False),
        ({"acks": "0"}, False),
        ({"idempotent": False}, False),
        ({"idempotent": True, "acks": "all"}, True),
        ({"idempotent": False, "acks": 1}, False),
        ({"idempotent": None, "acks": 1}, False),
    ],
)
def test_idempotent_follows_acks(options: dict[str, Any], idempotent: bool) -> None:
    assert a_config(**options).idempotent is idempotent


def test_the_example_of_the_readme() -> None:
    config = PipelineConfig.parse(
        {
            "sink_type": "kafka",
            "brokers": "localhost:9092",
            "topic": "order-events",
            "compression": "zstd",
            "acks": "all",
            "idempotent": True,
            "batch_size": 100,
        }
    )
    assert (config.topic, config.batch_size, config.idempotent) == ("order-events", 100, True)
