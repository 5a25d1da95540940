"""What the pure stages keep, touch and call for a message, counted: no clock in it."""

import gc
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from pg_tide.message import Batch
from pg_tide.position import Position, Snapshot, Window
from pg_tide.stages import Stages
from pg_tide.testing.rows import rows_of
from tests.fixtures.messages import a_config, a_message

WINDOW = Window(Position(Snapshot("3:3:")), Snapshot("9:9:"))
MANY = 2000


def batch() -> Batch:
    messages = [a_message(id=number, key=f"k{number}", dedup_key=None) for number in range(MANY)]
    return Batch(rows_of(messages), WINDOW, WINDOW.finished(), 1)


@pytest.fixture(autouse=True)
def _no_garbage() -> Iterator[None]:
    """Collect nothing meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def blocks_each(stages: Stages) -> float:
    """Return how many blocks of memory the records of a message hold."""
    found = batch()
    stages.prepare(found)  # what is remembered from message to message is there by now
    before = sys.getallocatedblocks()
    records, errors = stages.prepare(found)
    after = sys.getallocatedblocks()
    assert len(records) == MANY
    assert not errors
    return (after - before) / MANY


def peak_each(stages: Stages) -> float:
    """Return the most bytes that preparing takes at a time, for each message."""
    found = batch()
    stages.prepare(found)
    tracemalloc.start()
    try:
        records = stages.prepare(found)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(records[0]) == MANY
    return peak / MANY


# Blocks that live on in a record, and bytes that it holds beyond what was polled.
CASES = [
    pytest.param({}, 6.5, 340, id="defaults"),
    pytest.param({"topic": "orders.{payload.total}"}, 7.5, 430, id="template"),
    pytest.param({"headers": {"total": "{payload.total}"}}, 8.5, 530, id="header"),
    pytest.param(
        {
            "transform.filter": "payload.total > `1`",
            "transform.payload": "payload.{id: order_id, total: total}",
        },
        7.5,
        430,
        id="transform",
    ),
]


@pytest.mark.parametrize(("options", "blocks", "size"), CASES)
def test_a_message_costs_so_many_blocks_and_bytes(
    options: dict[str, object], blocks: float, size: float
) -> None:
    stages = Stages.of(a_config(**options), "orders")
    assert blocks_each(stages) <= blocks
    assert peak_each(stages) <= size


def calls_each(stages: Stages) -> float:
    """Return how many functions are called for a message, of Python and of C."""
    found = batch()
    stages.prepare(found)
    calls = 0

    def count(_frame: object, event: str, _function: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        stages.prepare(found)
    finally:
        sys.setprofile(None)
    return calls / MANY


@pytest.mark.parametrize(
    ("options", "most"),
    [(case.values[0], most) for case, most in zip(CASES, (12, 40, 42, 60), strict=True)],
    ids=[case.id for case in CASES],
)
def test_a_message_takes_so_many_calls(options: dict[str, object], most: int) -> None:
    assert calls_each(Stages.of(a_config(**options), "orders")) <= most


@pytest.mark.parametrize("options", [case.values[0] for case in CASES])
def test_nothing_is_left_to_the_garbage_collector(options: dict[str, object]) -> None:
    stages = Stages.of(a_config(**options), "orders")
    found = batch()
    stages.prepare(found)
    gc.collect()
    stages.prepare(found)
    assert gc.collect() < MANY / 10  # a cycle a message would be MANY and more
