"""From a pipeline's options to what its client is made from."""

from typing import Any

import pytest

from pg_tide.config import PipelineConfig
from pg_tide.kafka import Clients, Login, Settings, Tls, TokenSource, settings_of
from pg_tide.kafka.clients import tokens_of

SECRETS = {
    "sasl_password": "pw-1",
    "oauth_client_secret": "cs-2",
    "tls_client_key_password": "kp-3",
}
MTLS = {
    "tls_enabled": True,
    "tls_ca_cert": "/ca.pem",
    "tls_client_cert": "/client.pem",
    "tls_client_key": "/client.key",
    "tls_client_key_password": SECRETS["tls_client_key_password"],
}
PLAIN = {
    "sasl_mechanism": "PLAIN",
    "sasl_username": "ann",
    "sasl_password": SECRETS["sasl_password"],
}
TOKENS = {
    "sasl_mechanism": "OAUTHBEARER",
    "oauth_token_url": "https://login.test/token",
    "oauth_client_id": "app",
    "oauth_client_secret": SECRETS["oauth_client_secret"],
}
MSK = {"sasl_mechanism": "AWS_MSK_IAM", "aws_region": "eu-west-1", "tls_enabled": True}


def made(**options: Any) -> Settings:
    """The settings of a pipeline with these options."""
    return settings_of(PipelineConfig.parse({"brokers": "a:1,b:2", "topic": "t", **options}))


def test_without_options_it_is_plain() -> None:
    settings = made()
    assert settings.brokers == ("a:1", "b:2")
    assert settings.tls is None
    assert settings.login is None
    assert settings.acks == "all"
    assert settings.idempotent


def test_numbers_and_families() -> None:
    settings = made(
        acks="1",
        reconnect_backoff_max_ms=700,
        request_timeout_ms=800,
        metadata_max_age_ms=900,
        broker_address_family="v6",
        compression="gzip",
        compression_level=3,
    )
    assert (settings.acks, settings.idempotent) == (1, False)
    assert settings.reconnect_backoff_max_ms == 700
    assert settings.request_timeout_ms == 800
    assert settings.metadata_max_age_ms == 900
    assert settings.address_family == "v6"
    assert (settings.compression, settings.compression_level) == ("gzip", 3)


def test_logins_and_certificates() -> None:
    assert made(**PLAIN).login == Login("PLAIN", "ann", SECRETS["sasl_password"])
    assert made(**MTLS).tls == Tls("/ca.pem", "/client.pem", "/client.key", "kp-3")
    source = TokenSource("https://login.test/token", "app", "cs-2", "all")
    assert made(**TOKENS, oauth_scope="all").login == Login("OAUTHBEARER", tokens=source)
    msk = made(**MSK).login
    assert msk == Login("AWS_MSK_IAM", aws_region="eu-west-1")
    assert msk is not None
    assert msk.spoken == "OAUTHBEARER"


def test_secrets_are_never_shown() -> None:
    for options in ({**MTLS, **PLAIN}, {**MTLS, **TOKENS}):
        shown = repr(made(**options))
        assert not any(secret in shown for secret in SECRETS.values())


def test_tokens_are_for_who_logs_in_with_them() -> None:
    assert tokens_of(made(**PLAIN)) is None
    assert tokens_of(made(**TOKENS)) is not None
    assert tokens_of(made(**MSK)) is not None


class Told:
    """Takes down warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)


async def test_warnings_are_told_once_until_the_options_change() -> None:
    told = Told()
    options: dict[str, Any] = {"brokers": "127.0.0.1:1", "topic": "t", **PLAIN}

    async def current() -> PipelineConfig:
        return PipelineConfig.parse(options)

    clients = Clients(current, told)
    for changed in ({}, {}, {"sasl_password": "another"}):
        options.update(changed)
        with pytest.raises(Exception, match="refuses connections"):
            await clients.start()
    assert len(told.warnings) == 2
