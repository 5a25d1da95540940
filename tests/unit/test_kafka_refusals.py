"""What is said of connections that could not be made, where no broker of ours can be made to."""

import asyncio
import ssl

import pytest
from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka import Login, Tls, TokenSource
from pg_tide.kafka.attempt import ADVERTISED, Attempt
from pg_tide.kafka.refusals import refusal

TLS = Tls(ca="/ca.pem")
MTLS = Tls(ca="/ca.pem", certificate="/client.pem", key="/client.key")


def attempt(**changed: object) -> Attempt:
    """An attempt to reach a broker."""
    return Attempt("broker:9092", 4.0, **changed)  # type: ignore[arg-type]


def tls_error(reason: str, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    """An error of OpenSSL."""
    error = kind(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


def certificate_error(code: int, message: str) -> ssl.SSLCertVerificationError:
    """A certificate that OpenSSL does not take."""
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code, error.verify_message = code, message
    return error


def closed_by(cause: BaseException) -> errors.KafkaConnectionError:
    """What aiokafka makes of an error while it waits for an answer."""
    error = errors.KafkaConnectionError("closed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("alert", "without", "with_one"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "required", "refused"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "required", "refused"),
        ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", "required", "refused"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "required", "refused"),
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "required", "refused"),
        ("TLSV1_ALERT_UNKNOWN_CA", "required", "refused"),
        ("TLSV1_ALERT_ACCESS_DENIED", "required", "refused"),
    ],
)
def test_alerts_about_the_clients_certificate(alert: str, without: str, with_one: str) -> None:
    for tls, expected in ((TLS, without), (MTLS, with_one)):
        for error in (tls_error(alert), closed_by(tls_error(alert))):
            found = refusal(error, attempt(tls=tls))
            assert (type(found), found.reason) == (FatalError, f"client_certificate_{expected}")
            assert found.hint


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("WRONG_VERSION_NUMBER", "tls_not_spoken"),
        ("HTTP_REQUEST", "tls_not_spoken"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "tls_failed"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "tls_failed"),
        ("NO_PROTOCOLS_AVAILABLE", "tls_failed"),
    ],
)
def test_other_errors_of_tls(reason: str, expected: str) -> None:
    found = refusal(tls_error(reason), attempt(tls=TLS))
    assert (type(found), found.reason) == (FatalError, expected)


def test_a_handshake_that_is_cut_off_may_succeed_next_time() -> None:
    found = refusal(tls_error("UNEXPECTED_EOF_WHILE_READING", ssl.SSLEOFError), attempt(tls=TLS))
    assert (type(found), found.reason) == (TransientError, "kafka_unreachable")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (9, "certificate is not yet valid", "certificate_expired"),
        (10, "certificate has expired", "certificate_expired"),
        (18, "self-signed certificate", "certificate_untrusted"),
        (19, "self-signed certificate in certificate chain", "certificate_untrusted"),
        (20, "unable to get local issuer certificate", "certificate_untrusted"),
        (62, "Hostname mismatch, certificate is not valid for 'a'.", "certificate_wrong_host"),
        (23, "certificate revoked", "certificate_invalid"),
    ],
)
def test_certificates_of_brokers(code: int, message: str, expected: str) -> None:
    found = refusal(certificate_error(code, message), attempt(tls=TLS))
    assert (type(found), found.reason) == (FatalError, expected)
    assert found.message.startswith("Kafka: the certificate of broker:9092 ")
    assert found.hint


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connect call failed"),
        OSError(
            "Multiple exceptions: [Errno 111] Connect call failed ('::1', 9, 0, 0), "
            "[Errno 111] Connect call failed ('127.0.0.1', 9)"
        ),
    ],
)
def test_nobody_listens(error: OSError) -> None:
    assert refusal(error, attempt()).reason == "connection_refused"


@pytest.mark.parametrize(
    "error",
    [
        OSError(113, "No route to host"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 113] No route"),
        ConnectionResetError(104, "Connection reset by peer"),
        closed_by(asyncio.IncompleteReadError(b"", 4)),
        errors.KafkaConnectionError("closed"),
    ],
)
def test_what_may_pass_by_itself(error: Exception) -> None:
    found = refusal(error, attempt())
    assert (type(found), found.reason) == (TransientError, "kafka_unreachable")


@pytest.mark.parametrize(
    "error", [TimeoutError(), errors.RequestTimedOutError(), closed_by(TimeoutError())]
)
def test_silence(error: Exception) -> None:
    found = refusal(error, attempt())
    assert (type(found), found.reason) == (TransientError, "kafka_timeout")
    assert "within 4 seconds" in found.message


def test_an_address_that_brokers_advertise_is_said_to_be_theirs() -> None:
    for error in (TimeoutError(), ConnectionRefusedError(), OSError(113, "No route to host")):
        assert refusal(error, attempt(advertised=True)).hint == ADVERTISED
        assert refusal(error, attempt()).hint != ADVERTISED


@pytest.mark.parametrize(
    ("login", "who", "hint"),
    [
        (Login("PLAIN", "ann", "s3cret"), 'user "ann" by PLAIN', "sasl_password"),
        (
            Login("OAUTHBEARER", tokens=TokenSource("http://x", "app", "s3cret")),
            'client "app" by OAUTHBEARER',
            "token",
        ),
        (Login("AWS_MSK_IAM", aws_region="eu-west-1"), "by AWS_MSK_IAM", "aws_region"),
    ],
)
def test_who_is_refused_is_said_without_a_secret(login: Login, who: str, hint: str) -> None:
    found = refusal(errors.SaslAuthenticationFailed("no such user"), attempt(login=login))
    assert found.reason == "login_refused"
    assert f"{who}: no such user" in found.message
    assert hint in (found.hint or "")
    assert "s3cret" not in f"{found.message} {found.hint} {login!r}"


def test_an_error_of_ours_stays_whatever_it_came_from() -> None:
    known = TransientError("no token", reason="oauth_token_unavailable")
    known.__cause__ = TimeoutError()
    assert refusal(known, attempt()) is known


def test_an_answer_that_makes_no_sense() -> None:
    found = refusal(ValueError("Server sent wrong signature!"), attempt())
    assert isinstance(found, PgTideError)
    assert found.reason == "not_kafka"
