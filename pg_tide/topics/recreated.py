"""Notices topics that were deleted and made anew: what they held is gone, and no error says so."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pg_tide.metrics import Meter

HINT = (
    "It was deleted and created again: what it held is gone, with all that the relay had "
    "delivered there. tide.consumer_group_seek sends that again, as far as the outbox keeps it."
)

Recreated = Callable[[str, str, str], None]
"""Is told a topic, its id before and its id now."""


class Client(Protocol):
    """What is needed of a Kafka client."""

    def topic_id(self, name: str) -> str | None:
        """The id of a topic, as of the last refresh; None where brokers told none."""


class Ids:
    """The ids of the topics in use, through all clients."""

    def __init__(self, recreated: Recreated) -> None:
        self._recreated = recreated
        self._ids: dict[str, str] = {}

    def look(self, client: Client, names: Iterable[str]) -> None:
        """Compare them with what a client knows now."""
        for name in names:
            now = client.topic_id(name)
            if now is None:
                continue
            before = self._ids.setdefault(name, now)
            if before != now:
                self._ids[name] = now
                self._recreated(name, before, now)


def announcer(log: Any, meter: Meter) -> Recreated:
    """What says so in a log, and counts."""

    def announce(topic: str, before: str, now: str) -> None:
        meter.count("topics_recreated_total")
        log.warning("topic made anew", topic=topic, id_before=before, id_now=now, hint=HINT)

    return announce


def nobody(topic: str, before: str, now: str) -> None:
    """Is told, and does nothing."""
    del topic, before, now
