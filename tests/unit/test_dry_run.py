"""A dry run tells what would go, and never so much that the log drowns in it."""

from collections import Counter

import pytest
import structlog

from pg_tide.dry_run import LINES, DryRun, shown
from pg_tide.errors import MessageError
from pg_tide.message import Record
from tests.fixtures.messages import a_config


class Clock:
    """Time as a test tells it, in seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(value: bytes | None = b"v", key: bytes | None = b"k") -> Record:
    return Record("orders", key, value, [("a", b"1"), ("b", None)], 1)


def test_it_tells_where_a_record_would_go_and_with_what() -> None:
    with structlog.testing.capture_logs() as told:
        delivery = DryRun("p", a_config()).produce([(record(),), (), (record(None, None),)])
    assert delivery.done
    common = {
        "event": "would go",
        "log_level": "info",
        "pipeline": "p",
        "topic": "orders",
        "headers": {"a": "1", "b": None},
    }
    assert told == [
        {**common, "key": "k", "value": "v", "bytes": 1},
        {**common, "key": None, "value": None, "bytes": 0},
    ]


def test_it_tells_so_many_a_second_and_counts_the_others() -> None:
    clock = Clock()
    dry_run = DryRun("p", a_config(), clock)
    with structlog.testing.capture_logs() as told:
        for _ in range(3):
            dry_run.produce([(record(),)] * 1000)
            clock.now += 0.5
        clock.now += 1
        dry_run.produce([(record(),)])
    events = Counter(line["event"] for line in told)
    assert events == {"would go": 2 * LINES + 1, "more would go": 2}
    counted = sum(line["records"] for line in told if line["event"] == "more would go")
    assert counted + events["would go"] == 3001


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (b"", ""),
        ("ä" * 200, "ä" * 200),
        ("ä" * 201, "ä" * 200 + "…"),
        (b"x" * 1_000_000, "x" * 200 + "…"),
        (b"\xff\x00", "\ufffd\x00"),
        ("\U0001f5dd" * 200, "\U0001f5dd" * 200),
        ("\U0001f5dd" * 200 + "x", "\U0001f5dd" * 200 + "…"),
    ],
)
def test_texts_are_cut(value: bytes | str | None, text: str | None) -> None:
    assert shown(value.encode() if isinstance(value, str) else value) == text


def test_a_record_too_large_for_a_request_is_refused_as_ever() -> None:
    dry_run = DryRun("p", a_config(max_request_size=2000))
    assert dry_run.limits.check(record()) > 0
    with pytest.raises(MessageError, match="max_request_size"):
        dry_run.limits.check(record(b"x" * 2000))
