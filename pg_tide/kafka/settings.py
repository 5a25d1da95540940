"""What a client of Kafka is made from: the options of a pipeline that concern it.

Secrets are left out wherever these are shown.
"""

from dataclasses import dataclass, field
from typing import Literal

from pg_tide.config import PipelineConfig

TOKEN_MECHANISMS = ("OAUTHBEARER", "AWS_MSK_IAM")


@dataclass(frozen=True)
class Tls:
    """How brokers are known and what is shown to them; all but `verify` are paths of files.

    Without `ca`, the authorities of the system are trusted.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = field(default=None, repr=False)
    verify: bool = True


@dataclass(frozen=True)
class TokenSource:
    """Where OAUTHBEARER gets its tokens, with client credentials."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


@dataclass(frozen=True)
class Login:
    """Who logs in, and how: with a password, tokens of `tokens`, or AWS credentials."""

    mechanism: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tokens: TokenSource | None = None
    aws_region: str | None = None

    @property
    def spoken(self) -> str:
        """The mechanism's name as brokers are told it: MSK takes its tokens as OAUTHBEARER."""
        return "OAUTHBEARER" if self.mechanism in TOKEN_MECHANISMS else self.mechanism

    @property
    def who(self) -> str:
        """Who it is, as people would say."""
        if self.tokens is not None:
            return f'client "{self.tokens.client_id}"'
        return "this AWS identity" if self.username is None else f'user "{self.username}"'


@dataclass(frozen=True)
class Settings:
    """How to reach the brokers, and how to produce."""

    brokers: tuple[str, ...]
    client_id: str
    acks: str | int
    idempotent: bool
    compression: str | None
    max_request_size: int
    request_timeout_ms: int
    metadata_max_age_ms: int
    compression_level: int | None = None
    tls: Tls | None = None
    login: Login | None = None
    address_family: Literal["any", "v4", "v6"] = "any"
    reconnect_backoff_max_ms: int = 20_000


def settings_of(config: PipelineConfig) -> Settings:
    """The settings for a pipeline."""
    return Settings(
        brokers=config.brokers,
        client_id=config.client_id,
        acks="all" if config.acks == "all" else int(config.acks),
        idempotent=config.idempotent,
        compression=None if config.compression == "none" else config.compression,
        compression_level=config.compression_level,
        max_request_size=config.max_request_size,
        request_timeout_ms=config.request_timeout_ms,
        metadata_max_age_ms=config.metadata_max_age_ms,
        tls=_tls_of(config),
        login=_login_of(config),
        address_family=config.broker_address_family,
        reconnect_backoff_max_ms=config.reconnect_backoff_max_ms,
    )


def _tls_of(config: PipelineConfig) -> Tls | None:
    if not config.tls_enabled:
        return None
    return Tls(
        ca=config.tls_ca_cert,
        certificate=config.tls_client_cert,
        key=config.tls_client_key,
        key_password=config.tls_client_key_password,
        verify=config.tls_verify,
    )


def _login_of(config: PipelineConfig) -> Login | None:
    if config.sasl_mechanism is None:
        return None
    tokens = None
    if config.sasl_mechanism == "OAUTHBEARER":
        tokens = TokenSource(
            url=config.oauth_token_url or "",
            client_id=config.oauth_client_id or "",
            client_secret=config.oauth_client_secret or "",
            scope=config.oauth_scope,
        )
    return Login(
        mechanism=config.sasl_mechanism,
        username=config.sasl_username,
        password=config.sasl_password,
        tokens=tokens,
        aws_region=config.aws_region,
    )
