"""Why a token endpoint could not be asked: what httpx and OpenSSL say, in our words."""

import socket
import ssl

import httpx

from pg_tide.kafka.tls_refusals import EXPIRED, NOT_YET_VALID, UNTRUSTED, WRONG_HOST

LOOK_AT_URL = "Look whether oauth_token_url is right and answers from the relay's machine."
TRUST = (
    "Set tls_ca_cert to a file with the authority of the endpoint's certificate and of the "
    "brokers': it is trusted for oauth_token_url too."
)
RENEW = "Renew it at the endpoint; look at the clock of the relay's machine."
RENAME = "Use in oauth_token_url a name that the certificate has."


def why(error: BaseException) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause)
    for kinds, words in WORDS:
        if any(isinstance(cause, kinds) for cause in causes):
            return words, LOOK_AT_URL
    return "it cannot be reached", LOOK_AT_URL


def _causes(error: BaseException) -> list[BaseException]:
    """An error and everything it came from, also several errors at once."""
    found, open_ = [], [error]
    while open_:
        one = open_.pop()
        if one in found:
            continue
        found.append(one)
        open_ += one.exceptions if isinstance(one, BaseExceptionGroup) else []
        open_ += [each for each in (one.__cause__, one.__context__) if each is not None]
    return found


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    said = error.verify_message.rstrip(".")
    if error.verify_code in UNTRUSTED:
        return f"its certificate is not signed by an authority that is trusted: {said}", TRUST
    if error.verify_code in (EXPIRED, NOT_YET_VALID):
        expired = error.verify_code == EXPIRED
        return f"its certificate {'has expired' if expired else 'is not valid yet'}", RENEW
    if error.verify_code in WRONG_HOST:
        return f"its certificate is for another host: {said}", RENAME
    return f"its certificate is refused: {said}", TRUST


WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (ssl.SSLError, "no TLS with it"),
    (socket.gaierror, "no address is known for it"),
    (ConnectionRefusedError, "it refuses connections"),
    (httpx.TimeoutException, "it does not answer in time"),
    ((httpx.InvalidURL, httpx.UnsupportedProtocol), "that is no URL of HTTP"),
    ((httpx.RemoteProtocolError, httpx.ReadError, ConnectionError), "it hung up, or is no HTTP"),
)
