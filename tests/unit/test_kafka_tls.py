"""TLS contexts from files, and what is said of files that do not serve."""

import asyncio
import os
import ssl
import threading
from pathlib import Path

import pytest

from pg_tide.errors import FatalError, TransientError
from pg_tide.kafka import Tls, tls
from pg_tide.kafka.tls import read_context, tls_context
from tests.fixtures.certificates import KEY_PASSWORD, Certificates


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return certificates in files."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


def refused(tls: Tls) -> FatalError:
    """The error of files that do not serve."""
    with pytest.raises(FatalError) as caught:
        tls_context(tls)
    assert caught.value.hint
    return caught.value


def test_brokers_are_known_by_default() -> None:
    context = tls_context(Tls())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_only_the_given_authority_is_trusted(made: Certificates) -> None:
    context = tls_context(Tls(ca=str(made.ca)))
    (trusted,) = context.get_ca_certs()
    assert "pg-tide tests" in str(trusted["subject"])


def test_nobody_is_known_where_that_is_wanted() -> None:
    context = tls_context(Tls(verify=False))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


@pytest.mark.parametrize(("encrypted", "password"), [(False, None), (True, KEY_PASSWORD)])
def test_a_client_certificate_is_loaded(
    made: Certificates, encrypted: bool, password: str | None
) -> None:
    key = made.encrypted_key if encrypted else made.client_key
    tls_context(Tls(certificate=str(made.client), key=str(key), key_password=password))


def test_a_password_that_nobody_needs_does_no_harm(made: Certificates) -> None:
    tls_context(
        Tls(certificate=str(made.client), key=str(made.client_key), key_password="unneeded")
    )


@pytest.mark.parametrize("option", ["tls_ca_cert", "tls_client_cert", "tls_client_key"])
def test_a_missing_file_is_named(made: Certificates, option: str) -> None:
    paths = {
        "tls_ca_cert": str(made.ca),
        "tls_client_cert": str(made.client),
        "tls_client_key": str(made.client_key),
    }
    paths[option] = "/nowhere/file.pem"
    error = refused(Tls(paths["tls_ca_cert"], paths["tls_client_cert"], paths["tls_client_key"]))
    assert error.reason == "tls_file_missing"
    assert error.message == f"{option}: there is no file /nowhere/file.pem"


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    error = refused(Tls(ca=str(tmp_path)))
    assert error.reason == "tls_file_unreadable"
    assert error.message == f"tls_ca_cert: {tmp_path} is a directory"
    assert error.hint == "Name the file in it."


@pytest.mark.parametrize(
    "content", [b"", b"not PEM\n", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----"]
)
@pytest.mark.parametrize("option", ["tls_ca_cert", "tls_client_cert", "tls_client_key"])
def test_a_file_with_something_else_in_it(
    made: Certificates, tmp_path: Path, option: str, content: bytes
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(content)
    paths = {
        "tls_ca_cert": str(made.ca),
        "tls_client_cert": str(made.client),
        "tls_client_key": str(made.client_key),
        option: str(wrong),
    }
    error = refused(Tls(paths["tls_ca_cert"], paths["tls_client_cert"], paths["tls_client_key"]))
    assert error.reason == "tls_file_invalid"
    assert str(wrong) in error.message


@pytest.mark.parametrize(
    ("password", "says"), [(None, "needs a password"), ("guessed", "has another password")]
)
def test_an_encrypted_key_needs_its_password(
    made: Certificates, password: str | None, says: str
) -> None:
    key = str(made.encrypted_key)
    error = refused(Tls(certificate=str(made.client), key=key, key_password=password))
    assert error.reason == "tls_key_password_wrong"
    assert error.message == f"tls_client_key: the key in {key} is encrypted and {says}"


@pytest.mark.parametrize("option", ["tls_ca_cert", "tls_client_cert", "tls_client_key"])
def test_a_pipe_is_not_waited_for(made: Certificates, tmp_path: Path, option: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    paths = {
        "tls_ca_cert": str(made.ca),
        "tls_client_cert": str(made.client),
        "tls_client_key": str(made.client_key),
        option: str(pipe),
    }
    error = refused(Tls(paths["tls_ca_cert"], paths["tls_client_cert"], paths["tls_client_key"]))
    assert error.reason == "tls_file_invalid"
    assert error.message == f"{option}: {pipe} is not a regular file"


async def test_a_file_system_that_hangs_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mended = threading.Event()
    monkeypatch.setattr(tls, "tls_context", lambda found: (mended.wait(30), found))
    monkeypatch.setattr(tls, "READ_WITHIN", 0.01)
    for _ in range(40):  # more than the loop has threads
        with pytest.raises(TransientError, match="reading /hung/ca took longer") as caught:
            await read_context(Tls("/hung/ca"))
        assert caught.value.reason == "file_timeout"
    async with asyncio.timeout(5):
        assert (await asyncio.to_thread(str, 1)) == "1"
    mended.set()
    monkeypatch.setattr(tls, "READ_WITHIN", 20)
    context: object = await read_context(Tls("/hung/ca"))
    assert context == (True, Tls("/hung/ca"))


def test_a_key_of_another_certificate(made: Certificates) -> None:
    certificate, key = str(made.client), str(made.unknown_client_key)
    error = refused(Tls(certificate=certificate, key=key))
    assert error.reason == "tls_file_invalid"
    assert error.message.endswith(f"{key} is not the key of the certificate {certificate}")


def test_a_password_is_not_shown() -> None:
    assert KEY_PASSWORD not in repr(Tls(key_password=KEY_PASSWORD))
