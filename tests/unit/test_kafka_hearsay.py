"""What aiokafka says is passed on, but never as a flood, and never with a password."""

import logging

import pytest

from pg_tide.kafka import hearsay
from pg_tide.kafka.hearsay import EVERY, Hearsay


class Told:
    """Takes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int]] = []

    def debug(self, _: str, *, says: str, left_out: int) -> None:
        self.lines.append((says, left_out))


def test_one_line_of_a_kind_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    told, now = Told(), [0.0]
    monkeypatch.setattr(hearsay, "logger", told)
    theirs = logging.getLogger("somebody.else")  # aiokafka's own is listened to by others
    theirs.setLevel(logging.DEBUG)
    handler = Hearsay(lambda: now[0])
    theirs.addHandler(handler)
    for number in range(1000):
        theirs.warning("no leader for %s", number)
    theirs.error("unable to update metadata")
    theirs.debug("Request: %s", "user password")
    now[0] += EVERY
    theirs.warning("no leader for %s", 1000)
    theirs.removeHandler(handler)
    assert told.lines == [
        ("no leader for 0", 0),
        ("unable to update metadata", 0),
        ("no leader for 1000", 999),
    ]


def test_it_listens_once() -> None:
    hearsay.listen()
    hearsay.listen()
    handlers = logging.getLogger("aiokafka").handlers
    assert len([each for each in handlers if isinstance(each, Hearsay)]) == 1
