"""What partitions got is told now and then, and nothing of it is lost when it cannot be."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from pg_tide.arrivals import Arrivals
from pg_tide.catalog import Catalog, Partition
from pg_tide.errors import TransientError

AT = datetime.fromtimestamp(1000, UTC)


class Told(Catalog):
    """Takes down what it is told, or is away."""

    def __init__(self) -> None:
        self.partitions: list[list[Partition]] = []
        self.away = False

    async def tell_partitions(self, partitions: Iterable[Partition]) -> None:
        """Remember them."""
        if self.away:
            raise TransientError("PostgreSQL is away", reason="connection_lost")
        self.partitions.append(list(partitions))


class Stand:
    """Arrivals under clocks that go by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.told = Told()
        self.arrivals = Arrivals(self.told, lambda: self.seconds, lambda: 1000.0)


async def test_it_tells_the_last_offset_and_the_rate_of_what_moved() -> None:
    stand = Stand()
    first, second = stand.arrivals.of(1), stand.arrivals.of(2)
    first("orders", 0, 9, 10)
    first("orders", 0, 29, 20)
    first("orders", 1, 4, 5)
    second("orders", 0, None, 1)
    stand.seconds = 5.0
    await stand.arrivals.tell()
    assert stand.told.partitions == [
        [
            Partition(1, "orders", 0, 29, 6.0, AT),
            Partition(1, "orders", 1, 4, 1.0, AT),
            Partition(2, "orders", 0, None, 0.2, AT),
        ]
    ]


async def test_what_did_not_move_is_not_told_again() -> None:
    stand = Stand()
    stand.arrivals.of(1)("orders", 0, 9, 10)
    stand.seconds = 5.0
    await stand.arrivals.tell()
    stand.seconds = 100.0
    await stand.arrivals.tell()
    assert len(stand.told.partitions) == 1
    stand.arrivals.of(1)("orders", 0, 19, 10)
    stand.seconds = 105.0
    await stand.arrivals.tell()
    assert stand.told.partitions[1] == [Partition(1, "orders", 0, 19, 2.0, AT)]


async def test_what_could_not_be_told_is_told_with_what_comes_later() -> None:
    stand = Stand()
    arrived = stand.arrivals.of(1)
    arrived("orders", 0, 9, 10)
    arrived("orders", 1, 9, 10)
    stand.seconds, stand.told.away = 5.0, True
    with pytest.raises(TransientError):
        await stand.arrivals.tell()
    arrived("orders", 0, 19, 10)
    stand.seconds, stand.told.away = 10.0, False
    await stand.arrivals.tell()
    assert stand.told.partitions == [
        [Partition(1, "orders", 0, 19, 2.0, AT), Partition(1, "orders", 1, 9, 1.0, AT)]
    ]
