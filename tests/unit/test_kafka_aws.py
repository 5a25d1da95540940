"""The tokens for Amazon MSK are those that AWS's own library makes."""

import builtins
import datetime as dt
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # type: ignore[import-untyped]
from botocore import auth  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, TransientError
from pg_tide.kafka.aws import LIFE, Signer

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/4f+1="}
SESSION = {"AWS_SESSION_TOKEN": "session/token+with=signs"}


def read(token: str) -> tuple[str, dict[str, str]]:
    """The address in a token, and its parameters."""
    parts = urlsplit(urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no credentials be found but those of the test."""
    for name in (*KEYS, *SESSION, "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have botocore sign everything at one moment."""
    moment = dt.datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001 - as botocore has it
    monkeypatch.setattr(auth, "get_current_datetime", lambda: moment)


@pytest.mark.parametrize("environment", [KEYS, {**KEYS, **SESSION}])
@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1"])
@pytest.mark.usefixtures("stopped_clock")
async def test_the_signature_is_the_vendors(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], region: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    theirs, _ = MSKAuthTokenProvider.generate_auth_token(region)
    ours = await Signer(region)()
    address, parameters = read(ours.value)
    their_address, their_parameters = read(theirs)
    assert parameters.pop("User-Agent").startswith("pg-tide/")
    del their_parameters["User-Agent"]
    assert (address, parameters) == (their_address, their_parameters)
    assert parameters["X-Amz-Signature"]
    assert "=" not in ours.value
    assert ours.seconds == LIFE == int(parameters["X-Amz-Expires"])
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in urlsafe_b64decode(ours.value + "==").decode()


async def test_another_key_signs_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above would notice."""
    signatures = set()
    for secret in ("one", "two"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        signatures.add(read((await Signer("eu-west-1")()).value)[1]["X-Amz-Signature"])
    assert len(signatures) == 2


async def test_without_credentials_it_says_where_they_are_looked_for() -> None:
    """A machine's role may give them a little later."""
    with pytest.raises(TransientError) as caught:
        await Signer("eu-west-1")()
    assert caught.value.reason == "aws_credentials_missing"
    assert "~/.aws" in (caught.value.hint or "")


async def test_credentials_that_can_not_be_had_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    with pytest.raises(TransientError) as caught:
        await Signer("eu-west-1")()
    assert caught.value.reason == "aws_credentials_unavailable"
    assert "not-there" in caught.value.message


async def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without_botocore(name: str, *rest: Any) -> Any:
        if name.startswith("botocore"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_botocore)
    with pytest.raises(FatalError) as caught:
        await Signer("eu-west-1")()
    assert caught.value.reason == "aws_extra_missing"
    assert "pip install 'pg-tide[aws]'" in (caught.value.hint or "")
