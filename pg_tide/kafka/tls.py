"""From files to a TLS context, and from what is wrong with the files to an error that says so."""

import asyncio
import os
import ssl
import stat
from functools import partial

from pg_tide.aside import aside
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka.settings import Tls

READ_WITHIN = 3.0  # seconds for all files of a pipeline
MISMATCH = "KEY_VALUES_MISMATCH"
NO_PEM = "has no {} in PEM form"


async def read_context(tls: Tls) -> ssl.SSLContext:
    """What `tls_context` returns or raises, without blocking; TransientError `file_timeout` too."""
    try:
        async with asyncio.timeout(READ_WITHIN):
            return await aside(tls, partial(tls_context, tls))
    except TimeoutError:
        files = ", ".join(path for path in (tls.ca, tls.certificate, tls.key) if path is not None)
        raise TransientError(
            f"reading {files or 'the authorities of the system'} took longer than "
            f"{READ_WITHIN:.0f} seconds",
            reason="file_timeout",
            hint="Look whether the file system answers.",
        ) from None


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A context from the files as they are now; it blocks for some milliseconds.

    Raises FatalError `tls_file_missing`, `tls_file_unreadable`, `tls_file_invalid` or
    `tls_key_password_wrong`.
    """
    context = ssl.create_default_context(cafile=None if tls.ca is None else _trusted(tls.ca))
    # From Python 3.13 on it is on by default, and refuses what most private authorities issue.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate is not None:
        _show(context, tls, tls.certificate)
    return context


def _trusted(path: str) -> str:
    content("tls_ca_cert", path)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise _invalid("tls_ca_cert", path, NO_PEM.format("certificate")) from error
    return path


def _show(context: ssl.SSLContext, tls: Tls, certificate: str) -> None:
    content("tls_client_cert", certificate)
    if tls.key is not None:
        content("tls_client_key", tls.key)
    asked = False

    def password() -> str:
        nonlocal asked  # OpenSSL asks only where the key is encrypted, and else the terminal
        asked = True
        return tls.key_password or ""

    try:
        context.load_cert_chain(certificate, tls.key, password)
    except (ssl.SSLError, ValueError) as error:
        raise _key_error(tls, certificate, error, encrypted=asked) from error


def _key_error(tls: Tls, certificate: str, error: Exception, *, encrypted: bool) -> PgTideError:
    key = tls.key or certificate
    if encrypted:
        how = "needs a password" if tls.key_password is None else "has another password"
        return FatalError(
            f"tls_client_key: the key in {key} is encrypted and {how}",
            reason="tls_key_password_wrong",
            hint="Set tls_client_key_password to the password of the key.",
        )
    if getattr(error, "reason", None) == MISMATCH:
        return _invalid("tls_client_key", key, f"is not the key of the certificate {certificate}")
    for option, path, what in (
        ("tls_client_cert", certificate, b"CERTIFICATE-----"),
        ("tls_client_key", key, b"PRIVATE KEY-----"),
    ):
        if what not in content(option, path):
            kind = "certificate" if option == "tls_client_cert" else "private key"
            return _invalid(option, path, NO_PEM.format(kind))
    return _invalid("tls_client_cert", certificate, f"and its key can not be used: {error}")


def content(option: str, path: str) -> bytes:
    """What is in a file that an option names; FatalError where it is no regular one, or none."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _invalid(option, path, "is not a regular file")
            return file.read()
    except FileNotFoundError as error:
        raise FatalError(
            f"{option}: there is no file {path}",
            reason="tls_file_missing",
            hint="The path is one of the machine that the relay runs on.",
        ) from error
    except IsADirectoryError as error:
        raise FatalError(
            f"{option}: {path} is a directory",
            reason="tls_file_unreadable",
            hint="Name the file in it.",
        ) from error
    except OSError as error:
        raise FatalError(
            f"{option}: {path} can not be read: {error.strerror}",
            reason="tls_file_unreadable",
            hint="Let the user that the relay runs as read it.",
        ) from error


def _invalid(option: str, path: str, what: str) -> FatalError:
    return FatalError(
        f"{option}: {path} {what}",
        reason="tls_file_invalid",
        hint="Put PEM files in place that belong together; they are read again at each try.",
    )


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
