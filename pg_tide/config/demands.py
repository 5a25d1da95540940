"""What options demand of each other, as data: SQL checks the same rows (tide.option_rule)."""

from collections.abc import Sequence
from typing import Any

from pg_tide.config.option import Section, options_of
from pg_tide.config.rules import Rule
from pg_tide.config.wire import WIRE_SECTIONS

_WITH_PASSWORD = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
_MSK = "AWS_MSK_IAM"


def _needs(option: str, needed: str, message: str, **value: Any) -> Rule:
    return Rule("requirement", option, value, needed, message)


def _conflict(option: str, with_option: str, message: str, **value: Any) -> Rule:
    return Rule("conflict", option, value, with_option, message)


def _only_with(options: str, needed: str, values: list[Any], expected: str) -> tuple[Rule, ...]:
    """Each of some options needs another to have one of some values."""
    message = f"needs {needed} to be {expected}"
    return tuple(_needs(option, needed, message, other=values) for option in options.split())


_LOGIN = (
    *(
        _needs("sasl_mechanism", other, f"{{value}} needs {other}", when=_WITH_PASSWORD)
        for other in ("sasl_username", "sasl_password")
    ),
    *(
        _needs("sasl_mechanism", other, f"{{value}} needs {other}", when=["OAUTHBEARER"])
        for other in ("oauth_token_url", "oauth_client_id", "oauth_client_secret")
    ),
    _needs("sasl_mechanism", "aws_region", "{value} needs aws_region", when=[_MSK]),
    _needs("sasl_mechanism", "tls_enabled", "{value} needs tls_enabled", when=[_MSK], other=[True]),
    *_only_with(
        "sasl_username sasl_password",
        "sasl_mechanism",
        _WITH_PASSWORD,
        "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    ),
    *_only_with(
        "oauth_token_url oauth_client_id oauth_client_secret oauth_scope",
        "sasl_mechanism",
        ["OAUTHBEARER"],
        "OAUTHBEARER",
    ),
    *_only_with("aws_region", "sasl_mechanism", [_MSK], _MSK),
)

_TLS = (
    *_only_with("tls_ca_cert tls_client_cert tls_client_key", "tls_enabled", [True], "true"),
    _needs("tls_client_cert", "tls_client_key", "needs tls_client_key, its key"),
    _needs("tls_client_key", "tls_client_cert", "needs tls_client_cert, its certificate"),
    _needs("tls_client_key_password", "tls_client_key", "needs tls_client_key"),
    _needs("tls_verify", "tls_enabled", "{value} needs tls_enabled", when=[False], other=[True]),
    _conflict("tls_verify", "tls_ca_cert", "{value} makes tls_ca_cert useless", when=[False]),
)

_PRODUCING = (
    Rule(
        "conflict",
        "idempotent",
        {"when": [True], "other": ["0", "1"]},
        "acks",
        "true conflicts with acks {other}",
        'use acks "all", or leave idempotent out',
    ),
    _needs(
        "batch_size",
        "max_in_flight",
        "must not be above max_in_flight ({other}), not {value}",
        at_most=True,
    ),
    _needs(
        "retry_backoff_ms",
        "retry_backoff_max_ms",
        "must not be above retry_backoff_max_ms ({other}), not {value}",
        at_most=True,
    ),
    *_only_with("compression_level", "compression", ["gzip", "lz4", "zstd"], "gzip, lz4 or zstd"),
    *(
        _conflict(
            "compression",
            "compression_level",
            f"{{value}} has levels up to {most}, not compression_level {{other}}",
            when=[codec],
            above=most,
        )
        for codec, most in (("gzip", 9), ("lz4", 9))
    ),
)

_EXACTLY_ONCE = (
    Rule(
        "conflict",
        "delivery",
        {"when": ["exactly_once"], "other": ["0", "1"]},
        "acks",
        "exactly_once conflicts with acks {other}, which may lose what a transaction holds",
        'use acks "all", or delivery at_least_once',
    ),
    Rule(
        "conflict",
        "delivery",
        {"when": ["exactly_once"], "other": [False]},
        "idempotent",
        "exactly_once conflicts with idempotent false; transactions need it",
        "leave idempotent out, or use delivery at_least_once",
    ),
    *_only_with(
        "transactional_id_prefix transaction_timeout_ms",
        "delivery",
        ["exactly_once"],
        "exactly_once",
    ),
    _conflict(
        "commit_interval_ms",
        "delivery",
        "conflicts with delivery {other}, which writes the position with every transaction; leave "
        "it out",
        other=["exactly_once"],
    ),
)

_ROUTING = (
    _needs("topic", "topic_prefix", "required, or topic_prefix", unset=True),
    _conflict("topic", "topic_prefix", "conflicts with topic_prefix; give one of them"),
    *_only_with("num_partitions replication_factor", "auto_create_topics", [True], "true"),
    _conflict("num_partitions", "auto_create_topics", "must be -1 or at least 1, not 0", when=[0]),
    _conflict(
        "replication_factor", "auto_create_topics", "must be -1 or at least 1, not 0", when=[0]
    ),
    _conflict("message_key", "message_key_expression", "conflicts with message_key_expression"),
    _conflict("message_key", "primary_keys", "conflicts with primary_keys"),
    _conflict("message_key_expression", "primary_keys", "conflicts with primary_keys"),
    _needs("key_format", "primary_keys", "needs primary_keys"),
    _needs(
        "key_format",
        "schema_registry.url",
        "{value} needs schema_registry.url",
        when=["avro"],
    ),
    *(
        _conflict(
            option,
            "partitioner",
            "conflicts with partitioner {other}, which looks at no key",
            other=["round_robin", "random"],
        )
        for option in ("partition_by", "partition_fallback")
    ),
)

_WARNINGS = (
    Rule(
        "warning",
        "sasl_mechanism",
        {"when": ["PLAIN"], "other": [False]},
        "tls_enabled",
        "PLAIN without TLS sends the password in clear",
        "set tls_enabled, or use SCRAM-SHA-512",
    ),
    Rule(
        "warning",
        "tls_verify",
        {"when": [False], "other": [True]},
        "tls_enabled",
        "false takes any certificate: whoever is in between reads and changes everything",
        "set tls_ca_cert to the authority of your brokers instead",
    ),
    Rule(
        "warning",
        "acks",
        {"when": ["0", "1"], "other": ["kafka"]},
        "sink_type",
        "{value} loses messages when a broker fails",
        'use "all" where nothing may be lost',
    ),
)


def _either(formats: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(formats[:-1]), formats[-1])))


def _of_formats(section: type[Section]) -> tuple[Rule, ...]:
    """Each option of some wire formats needs one of them to be chosen."""
    if not section.formats:
        return ()
    formats = list(section.formats)
    message = f"belongs to wire_format {_either(section.formats)}, not to {{other}}"
    return tuple(
        _needs(option.name, "wire_format", message, other=formats) for option in options_of(section)
    )


_WIRE = tuple(rule for s in WIRE_SECTIONS for rule in (*_of_formats(s), *s.rules))

RULES = (*_LOGIN, *_TLS, *_PRODUCING, *_EXACTLY_ONCE, *_ROUTING, *_WIRE, *_WARNINGS)
