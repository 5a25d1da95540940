"""The policy for messages that can not go: what is parked, and when the brake holds."""

from typing import Any

import pytest

from pg_tide import dead_letter
from pg_tide.dead_letter import MINUTE, DeadLetters, digest, key_parked
from pg_tide.errors import Halted, MessageError
from pg_tide.message import Message
from tests.fixtures.messages import a_config, a_message

ERROR = MessageError("it has no kind", stage="route", reason="template_value_missing")


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def letters(clock: Clock | None = None, **options: Any) -> DeadLetters:
    return DeadLetters("p", a_config(dead_letter=options), clock or Clock())


def message(key: str | None = "a", number: int = 1) -> Message:
    return a_message(key=key, id=number)


def test_the_brake_counts_a_minute_that_goes_with_the_time() -> None:
    clock = Clock()
    one = letters(clock, policy="skip", max_per_minute=2)
    for _ in range(3):
        for number in range(2):
            one.put_aside(message(number=number), ERROR, replay=False)
        with pytest.raises(Halted, match="2 messages were put aside within a minute"):
            one.put_aside(message(number=2), ERROR, replay=False)
        clock.now += MINUTE


def test_the_brake_remembers_from_run_to_run() -> None:
    """Whether a transaction was committed may be found out by the next run: that knows no run."""
    lately: dict[int, float] = {}
    clock = Clock()

    def next_run() -> DeadLetters:
        return DeadLetters(
            "p", a_config(dead_letter={"policy": "skip", "max_per_minute": 2}), clock, lately
        )

    for _ in range(5):  # nothing comes of these runs
        next_run().put_aside(message(number=1), ERROR, replay=False)
    for number in (1, 2):
        next_run().put_aside(message(number=number), ERROR, replay=False)
    with pytest.raises(Halted, match="2 messages were put aside within a minute"):
        next_run().put_aside(message(number=3), ERROR, replay=False)
    next_run().put_aside(message(number=3), ERROR, replay=False)  # when it was enabled again


def test_a_clock_that_is_set_back_does_not_release_the_brake() -> None:
    clock = Clock()
    one = letters(clock, policy="skip", max_per_minute=1)
    one.put_aside(message(), ERROR, replay=False)
    clock.now -= 10 * MINUTE
    with pytest.raises(Halted):
        one.put_aside(message(number=2), ERROR, replay=False)


def test_nothing_that_is_tried_again_counts() -> None:
    one = letters(policy="skip", max_per_minute=1)
    one.put_aside(message(), ERROR, replay=False)
    for _ in range(10):
        assert not one.put_aside(message(), ERROR, replay=True).parks


def test_without_a_brake_there_is_none() -> None:
    one = letters(policy="skip", max_per_minute=0)
    for number in range(5000):
        one.put_aside(message(number=number), ERROR, replay=False)


PARKS = [("park_key", "a", True), ("park_key", "", True), ("park_key", None, False)]


@pytest.mark.parametrize(("policy", "key", "parks"), [*PARKS, ("skip", "a", False)])
def test_who_parks_a_key(policy: str, key: str | None, parks: bool) -> None:
    one = letters(policy=policy)
    assert one.put_aside(message(key), ERROR, replay=False).parks is parks
    assert one.waits(message(key)) is parks
    assert not one.waits(message("another"))


def test_a_key_stays_parked_whatever_the_policy_is_now() -> None:
    one = letters(policy="skip")
    one.park(["a"])
    assert one.waits(message("a"))
    assert one.put_aside(message("a"), key_parked(message("a")), replay=False).parks


def test_so_many_keys_and_no_more_are_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter, "MOST_PARKED_KEYS", 3)
    one = letters(policy="park_key", max_per_minute=0)
    one.park(["a", "b"])
    one.put_aside(message("c"), ERROR, replay=False)
    one.put_aside(message("a"), key_parked(message("a")), replay=False)
    with pytest.raises(Halted) as halted:
        one.put_aside(message("d"), ERROR, replay=False)
    assert halted.value.reason == "too_many_parked_keys"


def test_a_key_is_free_when_all_of_it_is_written_and_had_its_end() -> None:
    one = letters(policy="park_key")
    head = one.put_aside(message("a"), ERROR, replay=False)
    assert one.unwritten == 1
    one.replayed({"a"}, ())  # not yet: one is not written
    assert one.waits(message("a"))
    assert one.written([head])  # it may go at once
    one.replayed({"a"}, {"a"})  # another of it is left
    assert one.waits(message("a"))
    one.replayed({"a"}, ())
    assert not one.waits(message("a"))


def test_what_is_kept_of_a_key_is_short() -> None:
    assert len(digest("x" * 1_000_000)) == 16
    assert digest("a") != digest("b")


def test_halt_says_what_to_do() -> None:
    with pytest.raises(Halted) as halted:
        letters(policy="halt").put_aside(message(number=7), ERROR, replay=False)
    assert halted.value.reason == "template_value_missing"
    assert halted.value.message == (
        'message 7 of outbox "orders" can not go: route: it has no kind'
    )
    assert "dead_letter.policy" in (halted.value.hint or "")
