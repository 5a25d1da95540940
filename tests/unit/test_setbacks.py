"""What a run leaves to the next one: what was refused, how much may go, and who was fenced."""

from collections.abc import Sequence

from pg_tide.errors import FatalError, MessageError, TransientError
from pg_tide.intent import Identity
from pg_tide.message import Message
from pg_tide.setbacks import FENCES, STEADY, WIDE, WITHIN, Setbacks
from tests.fixtures.messages import a_message

ERROR = MessageError("no", stage="produce", reason="invalid_record")
FENCED = TransientError("fenced", reason="fenced")
IDENTITY = Identity("pg-tide-x-1", ("kafka:9092",))


def messages(*ids: int) -> Sequence[Message]:
    return [a_message(id=one) for one in ids]


def test_what_was_refused_is_known_until_it_has_its_end() -> None:
    setbacks = Setbacks()
    one, two, three = messages(1, 2, 3)
    setbacks.refuse([(two, ERROR), (three, ERROR)])
    for _ in range(2):  # a transaction may be aborted once more
        assert setbacks.errors([one, two, three]) == {1: ERROR, 2: ERROR}
    setbacks.forget([one, two])
    assert setbacks.errors([one, two, three]) == {2: ERROR}


def test_an_id_that_was_given_out_twice_is_another_message() -> None:
    setbacks = Setbacks()
    setbacks.refuse([(a_message(id=1, published_at_us=1), ERROR)])
    assert setbacks.errors([a_message(id=1, published_at_us=2)]) == {}


def test_fewer_go_together_until_one_is_left_and_then_more_again() -> None:
    setbacks = Setbacks()
    found = []
    for _ in range(3):
        setbacks.narrow(setbacks.at_most or 5)
        found.append(setbacks.at_most)
    assert found == [2, 1, 1]
    grown = []
    while setbacks.at_most is not None:
        for _ in range(STEADY - 1):
            before = setbacks.at_most
            setbacks.passed()
            assert setbacks.at_most == before
        setbacks.passed()
        grown.append(setbacks.at_most)
    assert grown[:3] == [2, 4, 8]
    assert WIDE <= grown[-2] < 2 * WIDE
    setbacks.passed()
    assert setbacks.at_most is None


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def weighed(
    setbacks: Setbacks, times: int, clock: Clock, pause: float
) -> Sequence[type[Exception]]:
    found = []
    for _ in range(times):
        found.append(type(setbacks.weigh(FENCED, IDENTITY)))
        clock.now += pause
    return found


def test_fenced_again_and_again_is_somebody_else() -> None:
    clock = Clock()
    setbacks = Setbacks(clock)
    found = weighed(setbacks, 2 * FENCES, clock, 1.0)
    assert found == 2 * [*[TransientError] * (FENCES - 1), FatalError]
    clock.now += WITHIN
    weighed(setbacks, FENCES - 1, clock, 1.0)
    error = setbacks.weigh(FENCED, IDENTITY)
    assert error.reason == "transactional_id_in_use"
    assert "pg-tide-x-1" in error.message
    assert "transactional_id_prefix" in (error.hint or "")


def test_fenced_now_and_then_is_an_accident() -> None:
    clock = Clock()
    found = weighed(Setbacks(clock), 5 * FENCES, clock, WITHIN / (FENCES - 1) + 0.1)
    assert set(found) == {TransientError}


def test_other_errors_weigh_nothing() -> None:
    setbacks = Setbacks()
    away = TransientError("away", reason="kafka_unreachable")
    for _ in range(2 * FENCES):
        assert setbacks.weigh(away, IDENTITY) is away
    assert setbacks.weigh(FENCED, None) is FENCED, "it produces in no transactions"
    assert setbacks.weigh(FENCED, IDENTITY) is FENCED
