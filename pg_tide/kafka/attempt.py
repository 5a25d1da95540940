"""A try to reach a broker, and what is said when nobody is there."""

import errno
import re
import ssl
from dataclasses import dataclass, field

from pg_tide.errors import PgTideError, TransientError
from pg_tide.exhausted import exhausted
from pg_tide.kafka.settings import Login, Tls

ADVERTISED = (
    "It is the address that the brokers advertise (advertised.listeners); it must be one that "
    "the relay can reach."
)


@dataclass(frozen=True)
class Attempt:
    """A try to reach a broker at `where` within so many seconds.

    `advertised`: the address is not of the configuration. `mechanisms` are those that the broker
    said it takes.
    """

    where: str
    seconds: float
    tls: Tls | None = None
    login: Login | None = None
    advertised: bool = False
    mechanisms: list[str] = field(default_factory=list)


def unreachable(error: object, attempt: Attempt) -> PgTideError:
    """Nobody is there, or hangs up without a word: it may come back."""
    if own := exhausted(error, f"Kafka: {attempt.where} can not be reached: {error}"):
        return own
    if _is_refused(error):
        return TransientError(
            f"Kafka: {attempt.where} refuses connections",
            reason="connection_refused",
            hint=ADVERTISED
            if attempt.advertised
            else "Look whether the broker is up, and whether the port in brokers is right.",
        )
    said = "it hung up" if isinstance(error, ConnectionError | ssl.SSLError) else str(error)
    return TransientError(
        f"Kafka: {attempt.where} can not be reached: {said}",
        reason="kafka_unreachable",
        hint=ADVERTISED if attempt.advertised else "Look at the broker's log, and the network.",
    )


def _is_refused(error: object) -> bool:
    """Whether nobody listens, at any of the addresses of a name."""
    said = str(error)
    numbers = set(re.findall(r"\[Errno (\d+)\]", said)) if "Multiple exceptions" in said else set()
    return isinstance(error, ConnectionRefusedError) or numbers == {str(errno.ECONNREFUSED)}
