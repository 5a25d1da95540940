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
    ("options", "path", "name", "meant"),
    [
        ({"transform.filter": 'op == "insert"'}, "transform.filter", "insert", ""),
        ({"message_key_expression": "kye"}, "message_key_expression", "kye", "key, "),
        (
            {"routing.rules": [{"when": "color == 'x'", "topic": "t"}]},
            "routing.rules[0].when",
            "color",
            "",
        ),
        ({"transform.payload": "original.a"}, "transform.payload", "original", ""),
    ],
)
def test_names_that_no_message_has_are_a_mistake(
    options: dict[str, Any], path: str, name: str, meant: str
) -> None:
    null = f'{path}: no message has a "{name}", it would always be null'
    guess = f"did you mean {meant}payload.{name}, or the text '{name}'?"
    assert check({**RIGHT, **options}).problems == [f"{null}; {guess}"]


def test_true_is_no_literal_of_jmespath() -> None:
    (problem,) = check({**RIGHT, "transform.filter": "payload.paid == true"}).problems
    assert problem.endswith("did you mean the literal `true`?")


@pytest.mark.parametrize(
    "options",
    [
        {"transform.payload": "op == 'delete' && null || payload"},
        {"transform.filter": "kind == 'x'", "transform.root": "payload"},
        {"transform.filter": "payload.items[?price > `5`].name"},
        {"transform.payload": "payload | {id: id, of: name}"},
        {"transform.payload": "merge(payload, {at: published_at, who: headers.who})"},
        {"transform.payload": "@"},
        {"partition_by": "original.customer"},
        {"transform.payload": "sort_by(payload.items, &price)[0]"},
    ],
    ids=str,
)
def test_names_inside_others_are_free(options: dict[str, Any]) -> None:
    assert check({**RIGHT, **options}).problems == []


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
        ("primary_keys", " a ,b", ("a", "b")),
        ("primary_keys", ["a", "b"], ("a", "b")),
        ("partition_fallback", 3, "3"),
        ("message_key_pattern", "^(.*)_data$", "^(.*)_data$"),
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


def test_exactly_once_is_asked_for() -> None:
    assert not a_config().exactly_once
    config = a_config(
        delivery="exactly_once",
        acks="all",
        idempotent=True,
        transactional_id_prefix="staging.eu_1-b",
        transaction_timeout_ms="1000",
        linger_ms=5,
        dry_run=True,
    )
    assert config.exactly_once
    assert (config.transactional_id_prefix, config.transaction_timeout_ms) == (
        "staging.eu_1-b",
        1000,
    )


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


def test_what_costs_too_much_is_refused() -> None:
    rules = [{"when": "op", "topic": "t"}] * 101
    many = check({**RIGHT, "routing.rules": rules, "client_id": "${env:A}" * 21})
    assert many.problems == [
        "client_id: has 21 references, and may have 20",
        "routing.rules: must have at most 100 rules, not 101",
    ]


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e-99999999999999999999"])
def test_a_number_that_nothing_can_hold_is_a_problem(number: str) -> None:
    (problem,) = check({**RIGHT, "transform.filter": f"payload.a > `{number}`"}).problems
    assert problem.startswith("transform.filter: ")


SCRAM = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "relay", "tls_enabled": True}


def resolve(kind: str, name: str) -> str:
    """Resolve references as if all of them existed."""
    return {"HOST": "kafka", "PORT": "9092", "TIMEOUT": "1500"}.get(name, f"{kind} {name}")


def test_references_are_replaced_wherever_they_stand() -> None:
    config = PipelineConfig.parse(
        {
            **RIGHT,
            **SCRAM,
            "brokers": "${env:HOST}:${env:PORT}, b:1",
            "sasl_password": "${secret:kafka.password}",
            "request_timeout_ms": "${env:TIMEOUT}",
        },
        resolve,
    )
    assert config.brokers == ("kafka:9092", "b:1")
    assert config.sasl_password == "secret kafka.password"
    assert config.request_timeout_ms == 1500


def test_a_value_that_looks_like_a_reference_is_not_resolved_again() -> None:
    written = {**RIGHT, **SCRAM, "sasl_password": "${env:A}${env:B}"}
    answers = {"A": "${env:B}", "B": "b"}
    config = PipelineConfig.parse(written, lambda _, name: answers[name])
    assert config.sasl_password == "${env:B}b"


@pytest.mark.parametrize(
    ("option", "written", "problem"),
    [
        ("brokers", "${env:X}", 'what "${env:X}" stands for is no list of host:port'),
        (
            "request_timeout_ms",
            "${env:X}",
            'what "${env:X}" stands for is no integer, 100 to 600000',
        ),
        ("brokers", "${env:EMPTY}", 'what "${env:EMPTY}" stands for is empty'),
        ("tls_enabled", "${file:/x}", 'what "${file:/x}" stands for is no boolean'),
    ],
)
def test_what_a_reference_stands_for_is_checked_and_not_shown(
    option: str, written: str, problem: str
) -> None:
    answers = {"EMPTY": ""}
    with pytest.raises(ConfigurationError) as caught:
        PipelineConfig.parse({**RIGHT, option: written}, lambda _, n: answers.get(n, "hunter2 "))
    assert caught.value.problems == (f"{option}: {problem}",)


def test_a_clear_secret_is_not_shown() -> None:
    wrong = check({**RIGHT, "sasl_password": ["hunter2"], "sasl_mechanism": "hunter"}).problems
    assert wrong[1] == "sasl_password: must be a string"


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"acks": 1}, 'acks: "1" loses messages when a broker fails; use "all"'),
        ({"tls_enabled": True, "tls_verify": False}, "tls_verify: false takes any certificate"),
        (
            {"sasl_mechanism": "PLAIN", "sasl_username": "u", "sasl_password": "p"},
            "sasl_mechanism: PLAIN without TLS sends the password in clear",
        ),
    ],
)
def test_what_works_and_nobody_should_do_is_a_warning(
    options: dict[str, Any], warning: str
) -> None:
    (found,) = a_config(**options).warnings
    assert found.startswith(warning)
    assert a_config().warnings == ()


def test_what_is_not_resolved_stays_as_it_is_or_at_its_default() -> None:
    written = {**RIGHT, **SCRAM, "sasl_password": "${secret:p}", "request_timeout_ms": "${env:T}"}
    config = PipelineConfig.parse(written)
    assert (config.sasl_password, config.request_timeout_ms) == ("${secret:p}", 30_000)


def test_a_configuration_prints_without_its_secrets() -> None:
    config = a_config(**SCRAM, sasl_password="hunter2")
    assert config.sasl_password == "hunter2"
    assert "hunter2" not in repr(config) + str(config)
