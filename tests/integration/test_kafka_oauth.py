"""Tokens from an endpoint, and what is said of one that gives none."""

import time

import pytest

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka import TokenSource
from pg_tide.kafka.oauth import UNKNOWN_LIFE, Fetcher, seconds_of
from tests.fixtures.certificates import Certificates
from tests.fixtures.token_endpoint import (
    CLIENT_ID,
    CLIENT_SECRET,
    Manner,
    TokenEndpoint,
    unsigned_token,
)


def fetcher(
    endpoint: TokenEndpoint, *, url: str | None = None, secret: str = CLIENT_SECRET, ca: str = ""
) -> Fetcher:
    """What fetches from an endpoint."""
    source = TokenSource(url or endpoint.url, CLIENT_ID, secret, "kafka write")
    return Fetcher(source, ca or None)


async def failure(fetch: Fetcher) -> PgTideError:
    """Why there is no token, told within five seconds."""
    began = time.monotonic()
    with pytest.raises(PgTideError) as caught:
        await fetch()
    assert time.monotonic() - began < 5
    assert caught.value.hint
    assert CLIENT_SECRET not in f"{caught.value} {caught.value.hint}"
    return caught.value


async def test_a_token_and_how_long_it_is_good_for(token_endpoint: TokenEndpoint) -> None:
    token_endpoint.lifetime = 77
    token = await fetcher(token_endpoint)()
    assert token.value.count(".") == 2
    assert token.seconds == 77
    (asked,) = token_endpoint.requests
    assert asked.form == {"grant_type": "client_credentials", "scope": "kafka write"}


@pytest.mark.parametrize("manner", ["stall", "garbage", "broken"])
async def test_an_endpoint_that_is_unwell_may_recover(
    token_endpoint: TokenEndpoint, manner: Manner
) -> None:
    token_endpoint.manner = manner
    error = await failure(fetcher(token_endpoint))
    assert (type(error), error.reason) == (TransientError, "oauth_token_unavailable")
    assert token_endpoint.url in error.message


async def test_an_endpoint_that_is_away_may_come_back(token_endpoint: TokenEndpoint) -> None:
    token_endpoint.stop()
    error = await failure(fetcher(token_endpoint))
    assert (type(error), error.reason) == (TransientError, "oauth_token_unavailable")
    assert error.message == f"{token_endpoint.url} gives no token: it refuses connections"


async def test_a_client_that_is_refused(token_endpoint: TokenEndpoint) -> None:
    error = await failure(fetcher(token_endpoint, secret="guessed"))
    assert (type(error), error.reason) == (FatalError, "oauth_refused")
    assert "invalid_client: this client is not known here (401)" in error.message
    assert "oauth_client_secret" in (error.hint or "")


async def test_a_password_in_the_address_is_not_shown(token_endpoint: TokenEndpoint) -> None:
    token_endpoint.manner = "broken"
    url = token_endpoint.url.replace("//", f"//user:{CLIENT_SECRET}@")
    error = await failure(fetcher(token_endpoint, url=url))
    assert token_endpoint.url in error.message


async def test_the_authority_of_the_brokers_is_good_for_the_endpoint_too(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    with TokenEndpoint(certificate=made.broker) as endpoint:
        assert (await fetcher(endpoint, ca=str(made.ca))()).value
        error = await failure(fetcher(endpoint))
    assert error.reason == "oauth_token_unavailable"
    assert "its certificate is not signed by an authority that is trusted" in error.message
    assert "tls_ca_cert" in (error.hint or "")
    assert "_ssl.c" not in error.message


async def test_what_is_wrong_with_the_endpoints_certificate_is_told(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    for file, words in ((made.expired, "has expired"), (made.stranger, "is for another host")):
        with TokenEndpoint(certificate=file) as endpoint:
            error = await failure(fetcher(endpoint, ca=str(made.ca)))
        assert f"gives no token: its certificate {words}" in error.message


async def test_what_cannot_be_asked_is_told_in_our_words(token_endpoint: TokenEndpoint) -> None:
    https = token_endpoint.url.replace("http:", "https:")
    error = await failure(fetcher(token_endpoint, url=https))
    assert error.message.endswith("gives no token: no TLS with it")
    error = await failure(fetcher(token_endpoint, url="http://nobody.invalid/token"))
    assert error.message.endswith("gives no token: no address is known for it")


@pytest.mark.parametrize(
    ("told", "token", "expected"),
    [
        (60, "opaque", 60.0),
        ("60", "opaque", 60.0),
        (-5, "opaque", UNKNOWN_LIFE),
        (0, "opaque", UNKNOWN_LIFE),
        ("Infinity", "opaque", UNKNOWN_LIFE),
        (None, "opaque", UNKNOWN_LIFE),
        (None, "a.b.c", UNKNOWN_LIFE),
    ],
)
def test_how_long_a_token_is_good_for(told: object, token: str, expected: float) -> None:
    assert seconds_of(told, token) == expected


def test_a_token_may_tell_itself_how_long_it_is_good_for() -> None:
    for told in (None, 0):
        assert seconds_of(told, unsigned_token("ann", 600)) == pytest.approx(600, abs=5)
    assert seconds_of(None, unsigned_token("ann", -600)) == UNKNOWN_LIFE
