"""Options of the schema registry, for what is written with a schema: values, and keys as Avro."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pg_tide.config.option import Format, Secret, Section
from pg_tide.config.rules import Rule

_PREFIX = "schema_registry."


def entries(text: str) -> tuple[str, ...]:
    """Cut a list of URLs into its entries."""
    return tuple(entry.strip(" \t\n\r") for entry in text.split(","))


def _needs(option: str, needed: str, message: str) -> Rule:
    return Rule("requirement", _PREFIX + option, {}, _PREFIX + needed, message)


_ALL = (
    "username password bearer_token tls_ca_cert tls_client_cert tls_client_key "
    "tls_client_key_password tls_verify auto_register use_latest_version "
    "subject_name_strategy timeout_ms"
)


class SchemaRegistry(Section):
    """A registry with Confluent's API. Every option here may be a reference."""

    title: ClassVar[str] = "Schema registry"
    prefix: ClassVar[str] = _PREFIX
    references: ClassVar[bool] = True
    rules: ClassVar[tuple[Rule, ...]] = (
        *(_needs(option, "url", "needs schema_registry.url") for option in _ALL.split()),
        _needs("username", "password", "needs schema_registry.password"),
        _needs("password", "username", "needs schema_registry.username"),
        _needs("tls_client_cert", "tls_client_key", "needs schema_registry.tls_client_key"),
        _needs("tls_client_key", "tls_client_cert", "needs schema_registry.tls_client_cert"),
        _needs("tls_client_key_password", "tls_client_key", "needs schema_registry.tls_client_key"),
        Rule(
            "conflict",
            _PREFIX + "bearer_token",
            {},
            _PREFIX + "username",
            "conflicts with schema_registry.username; give one login",
        ),
        Rule(
            "conflict",
            _PREFIX + "use_latest_version",
            {"when": [True]},
            "wire_config.schema",
            "{value} conflicts with wire_config.schema, which says which schema it is",
        ),
        Rule(
            "warning",
            _PREFIX + "tls_verify",
            {"when": [False]},
            _PREFIX + "url",
            "false takes any certificate: whoever is in between reads and changes everything",
            "set schema_registry.tls_ca_cert to the authority of your registry instead",
        ),
    )

    url: Annotated[tuple[str, ...] | None, Format("url_list", "text"), BeforeValidator(entries)] = (
        Field(
            None,
            description="where it answers: one or more URLs, separated by commas; the next one is "
            "asked where one is away",
        )
    )
    username: str | None = Field(
        None, min_length=1, max_length=1000, description="the user of HTTP's basic authentication"
    )
    password: Annotated[str | None, Secret()] = Field(
        None, min_length=1, max_length=10_000, repr=False, description="that user's password"
    )
    bearer_token: Annotated[str | None, Secret()] = Field(
        None,
        min_length=1,
        max_length=10_000,
        repr=False,
        description="a token to log in with instead",
    )
    tls_ca_cert: Annotated[str | None, Format("path")] = Field(
        None,
        description="file with the PEM certificates to trust; unset: those of the system",
    )
    tls_client_cert: Annotated[str | None, Format("path")] = Field(
        None, description="file with the PEM certificate to show to the registry (mTLS)"
    )
    tls_client_key: Annotated[str | None, Format("path")] = Field(
        None, description="file with its PEM key"
    )
    tls_client_key_password: Annotated[str | None, Secret()] = Field(
        None,
        min_length=1,
        max_length=10_000,
        repr=False,
        description="the password of an encrypted key",
    )
    tls_verify: bool = Field(
        True,
        description="false takes any certificate of anybody: whoever is in between reads all",
    )
    auto_register: bool = Field(
        True, description="register schemas; false: only those that are there already are used"
    )
    use_latest_version: bool = Field(
        False, description="write with the subject's latest schema, looked up anew every minute"
    )
    subject_name_strategy: Literal[
        "TopicNameStrategy", "RecordNameStrategy", "TopicRecordNameStrategy"
    ] = Field(
        "TopicNameStrategy",
        description="what a schema's subject is named after: the topic with -value or -key, the "
        "record's type, or both",
    )
    timeout_ms: int = Field(
        10_000,
        ge=100,
        le=600_000,
        description="how long to wait for an answer of it before it counts as away",
    )
