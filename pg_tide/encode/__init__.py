"""The stage after route: a message and its route become the records that Kafka gets. Pure.

One file a wire format. A message has its end when all its records have theirs.
"""

from collections.abc import Callable

from pg_tide.encode import native
from pg_tide.message import Message, Record, Route

Encoder = Callable[[Message, Route], tuple[Record, ...]]

FORMATS: dict[str, Encoder] = {
    "native": native.encode,
}


def encoder(name: str) -> Encoder:
    """Return the encoder of a wire format."""
    return FORMATS[name]
