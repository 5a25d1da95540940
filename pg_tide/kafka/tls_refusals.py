"""Why there is no TLS with a broker: what OpenSSL says, in our words."""

import re
import ssl
from typing import Any

from pg_tide.errors import FatalError, PgTideError
from pg_tide.kafka.attempt import ADVERTISED, Attempt, unreachable

# https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
UNTRUSTED = {2, 18, 19, 20, 21, 24}
NOT_YET_VALID, EXPIRED = 9, 10
WRONG_HOST = {62, 63, 64}
ABOUT_CERTIFICATES = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE"}


def tls_not_spoken(attempt: Attempt) -> PgTideError:
    """A broker hung up on who began with TLS, and talks to who does not."""
    return FatalError(
        f"Kafka: {attempt.where} does not speak TLS",
        reason="tls_not_spoken",
        hint="Leave tls_enabled out, or use the port of a listener with TLS.",
    )


def untrusted(error: Any, attempt: Attempt) -> PgTideError:
    """A broker's certificate does not say what it must."""
    whose = f"Kafka: the certificate of {attempt.where}"
    said = error.verify_message.rstrip(".")
    if error.verify_code in UNTRUSTED:
        ca = attempt.tls.ca if attempt.tls else None
        trusted = "the system's authorities" if ca is None else f"the authorities in {ca}"
        return FatalError(
            f"{whose} is not signed by {trusted}: {said}",
            reason="certificate_untrusted",
            hint="Set tls_ca_cert to a file with the authority of your brokers.",
        )
    if error.verify_code in (EXPIRED, NOT_YET_VALID):
        return FatalError(
            f"{whose} {'has expired' if error.verify_code == EXPIRED else 'is not valid yet'}",
            reason="certificate_expired",
            hint="Renew it on the broker; look at the clock of the relay's machine.",
        )
    if error.verify_code in WRONG_HOST:
        return FatalError(
            f"{whose} is for another host: {said}",
            reason="certificate_wrong_host",
            hint=ADVERTISED + " The certificate must name it."
            if attempt.advertised
            else "Use in brokers a name that the certificate has, or issue one with this name.",
        )
    return FatalError(
        f"{whose} is refused: {said}", reason="certificate_invalid", hint="Issue another one."
    )


def without_tls(error: Any, attempt: Attempt) -> PgTideError:
    """The two could not agree, or the broker does not want who comes."""
    reason = error.reason or ""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return unreachable(error, attempt)
    if "ALERT" in reason and any(word in reason for word in ABOUT_CERTIFICATES):
        return _refused_client(reason, attempt)
    if reason in NOT_TLS:
        return tls_not_spoken(attempt)
    return FatalError(
        f"Kafka: no TLS with {attempt.where}: {_alert(reason) or error}",
        reason="tls_failed",
        hint="Look which versions and ciphers the broker takes (ssl.enabled.protocols, "
        "ssl.cipher.suites), and whether it wants a client certificate.",
    )


def _refused_client(reason: str, attempt: Attempt) -> PgTideError:
    if attempt.tls is None or attempt.tls.certificate is None:
        return FatalError(
            f"Kafka: {attempt.where} wants a client certificate",
            reason="client_certificate_required",
            hint="Set tls_client_cert and tls_client_key.",
        )
    return FatalError(
        f"Kafka: {attempt.where} refuses the client certificate in {attempt.tls.certificate}: "
        f"{_alert(reason)}",
        reason="client_certificate_refused",
        hint="Use one that has not expired, signed by an authority that the brokers trust "
        "(ssl.truststore).",
    )


def _alert(reason: str) -> str:
    return (
        re.sub(r"^(SSLV3|TLSV1|TLSV13|SSL/?TLS|TLS)_ALERT_", "", reason).replace("_", " ").lower()
    )
