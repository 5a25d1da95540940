"""What a certificate says of itself: a broker's, and the one that is shown to brokers."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Certificate:
    """Whose it is, and until when; without `until` it was not looked at."""

    issuer: str = ""
    until: datetime | None = None
    subject: str = ""


def of_peer(tls: ssl.SSLObject | None) -> Certificate | None:
    """What was learned from a handshake; None without one."""
    if tls is None:
        return None
    shown = tls.getpeercert()
    return _read(shown) if shown else Certificate()  # or it was taken without being looked at


def of_file(path: str) -> Certificate | None:
    """The first one in a PEM file; None where it has none that can be read."""
    # There is no public way without cryptography, which only stored secrets are to load.
    decode: Any = getattr(ssl._ssl, "_test_decode_cert", None)  # type: ignore[attr-defined]
    try:
        return None if decode is None else _read(decode(path))
    except (OSError, ValueError, LookupError):  # an SSLError is an OSError
        return None


def _read(shown: Any) -> Certificate:
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    return Certificate(_name(shown["issuer"]), until, _name(shown["subject"]))


def _name(parts: Any) -> str:
    names = {name: value for part in parts for name, value in part}
    return names.get("commonName") or names.get("organizationName") or "without name"
