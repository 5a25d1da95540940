"""Why a connection could not be made: what aiokafka, asyncio and OpenSSL say, in our words.

What only a person can put right is fatal, and what may pass by itself is not.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka.attempt import ADVERTISED, Attempt, unreachable
from pg_tide.kafka.errors import ours
from pg_tide.kafka.settings import Login
from pg_tide.kafka.tls_refusals import untrusted, without_tls

TLS_ALERT = 0x1503  # how a message of TLS begins that says what is wrong
HTTP = 0x48545450


def refusal(error: BaseException, attempt: Attempt) -> PgTideError:
    """The error of ours for whatever ended an attempt."""
    chain = _chain(error)
    for cause in chain:
        if isinstance(cause, PgTideError):
            return cause
    for cause in reversed(chain):  # what it came from says most
        for kind, explain in EXPLAIN:
            if isinstance(cause, kind):
                return explain(cause, attempt)
    return _unknown(error, attempt)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what it came from, in turn."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _refused_login(error: BaseException, attempt: Attempt) -> PgTideError:
    login = attempt.login or Login("")
    hint = "Correct sasl_username and sasl_password, or let the brokers know that user."
    if login.tokens is not None:
        hint = (
            "The brokers want other claims, another issuer or another scope; their log says what "
            "they dislike in the token."
        )
    elif login.aws_region is not None:
        hint = "Allow this identity kafka-cluster:Connect, and look whether aws_region is right."
    said = error.args[0] if error.args else "no reason given"
    return FatalError(
        f"Kafka: {attempt.where} refuses the login of {login.who} by {login.mechanism}: {said}",
        reason="login_refused",
        hint=hint,
    )


def _other_mechanism(error: BaseException, attempt: Attempt) -> PgTideError:
    del error
    login = attempt.login or Login("")
    mechanism = login.spoken
    if mechanism != login.mechanism:
        mechanism += f", which {login.mechanism} goes by"
    return FatalError(
        f"Kafka: {attempt.where} does not take {mechanism}; it takes {_listed(attempt.mechanisms)}",
        reason="mechanism_not_enabled",
        hint="Set sasl_mechanism to one that it takes, or use the port of another listener.",
    )


def _no_login(error: BaseException, attempt: Attempt) -> PgTideError:
    del error
    return FatalError(
        f"Kafka: {attempt.where} takes no login",
        reason="login_not_expected",
        hint="Leave sasl_mechanism out, or use the port of a listener with SASL.",
    )


def login_required(attempt: Attempt) -> PgTideError:
    """A broker hung up on who did not log in."""
    return FatalError(
        f"Kafka: {attempt.where} wants a login, by {_listed(attempt.mechanisms)}",
        reason="login_required",
        hint="Set sasl_mechanism and what it needs, or use the port of a listener without SASL.",
    )


def _cut_short(error: Any, attempt: Attempt) -> PgTideError:
    """The answer to the first request, read as Kafka's, would have had a strange length."""
    expected = error.expected or 0
    if expected >> 16 == TLS_ALERT and attempt.tls is None:
        return FatalError(
            f"Kafka: {attempt.where} speaks TLS only",
            reason="tls_required",
            hint="Set tls_enabled, or use the port of a listener without TLS.",
        )
    if expected == HTTP:
        return FatalError(
            f"Kafka: {attempt.where} is no broker: it speaks HTTP",
            reason="not_kafka",
            hint="Correct brokers.",
        )
    return unreachable("it hung up", attempt)


def _unknown_host(error: Any, attempt: Attempt) -> PgTideError:
    return TransientError(
        f"Kafka: no address is known for {attempt.where}: {error.strerror}",
        reason="host_unknown",
        hint=ADVERTISED
        if attempt.advertised
        else "Correct brokers or broker_address_family, or the DNS of the relay's machine.",
    )


def _silent(error: BaseException, attempt: Attempt) -> PgTideError:
    del error
    return TransientError(
        f"Kafka: {attempt.where} did not answer within {attempt.seconds:.3g} seconds",
        reason="kafka_timeout",
        hint=ADVERTISED
        if attempt.advertised
        else "Look whether a firewall is in between, whether tls_enabled is right, and at the "
        "broker's load.",
    )


def _unknown(error: BaseException, attempt: Attempt) -> PgTideError:
    if isinstance(error, errors.KafkaError):
        return ours(error)
    return FatalError(
        f"Kafka: the login at {attempt.where} failed: {type(error).__name__}: {error}",
        reason="not_kafka",
        hint="What answered did not speak as a broker does.",
    )


def _listed(mechanisms: list[str]) -> str:
    return " or ".join(sorted(mechanisms)) or "none that is known here"


EXPLAIN: tuple[tuple[type[BaseException], Callable[[Any, Attempt], PgTideError]], ...] = (
    (errors.SaslAuthenticationFailed, _refused_login),
    (errors.UnsupportedSaslMechanismError, _other_mechanism),
    (errors.IllegalSaslStateError, _no_login),
    (ssl.SSLCertVerificationError, untrusted),
    (ssl.SSLError, without_tls),
    (asyncio.IncompleteReadError, _cut_short),
    (socket.gaierror, _unknown_host),
    (TimeoutError, _silent),
    (errors.RequestTimedOutError, _silent),
    (OSError, unreachable),
    (errors.KafkaConnectionError, unreachable),
)
