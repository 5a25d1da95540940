"""A partition's records go out in order, one batch at a time, through however many clients."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pg_tide.errors import FatalError, TransientError
from pg_tide.lane import Client, Delivery, Filling, Lane
from pg_tide.message import Record
from pg_tide.testing import FakeKafka

TOO_LARGE = FatalError("larger than the topic allows", reason="too_large")
AWAY = TransientError("the broker went away", reason="kafka_unreachable")
Sent = list[tuple[Record, Delivery]]
AT_ONCE = Filling()
LONG = 3600.0  # seconds that no test waits for


class Eager(Lane):
    """The simpler lane: hands every batch over at once."""

    def pump(self) -> None:
        client, self.tasks = self._client, getattr(self, "tasks", [])
        if client is None:
            return
        self._fill(client)
        while self._filled:
            batch, self._batch = self._batch, None
            sent, self._filled = self._filled, []
            self.tasks.append(asyncio.create_task(self._send_at_once(client, batch, sent)))
            self._fill(client)

    async def _send_at_once(self, client: Client, batch: Any, sent: Sent) -> None:
        try:
            await client.send(batch, self.topic, self.partition)
        except FatalError as error:
            self._failed(error)
        else:
            self._acknowledge(sent)


class Stand:
    """A lane to a partition that takes requests of a record or two."""

    def __init__(
        self, kind: type[Lane] = Lane, request: int = 100, filling: Filling = AT_ONCE
    ) -> None:
        self.kafka = FakeKafka(max_request_size=request)
        self.kafka.create_topic("t")
        self.errors: list[Exception] = []
        self.lane = kind("t", 0, None, self.errors.append, filling)

    async def open(self) -> None:
        """Go on through a new client."""
        self.lane.open(await self.kafka.start())

    def put(self, *values: bytes) -> Delivery:
        """Add records of one delivery."""
        delivery = Delivery(len(values))
        for value in values:
            self.lane.put(Record("t", None, value, [], 1), delivery)
        self.lane.pump()
        return delivery

    @property
    def arrived(self) -> list[bytes]:
        """What the partition holds."""
        return [value for _, value, *_ in self.kafka.topics["t"].partitions[0]]


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def refused(kind: type[Lane]) -> Stand:
    """Send three batches through a new client, of which the first one is refused."""
    stand = Stand(kind)
    await stand.open()
    stand.kafka.refusals.append(TOO_LARGE)
    stand.put(b"1" * 90, b"2" * 90, b"3" * 90)
    await settle()
    assert stand.errors == [TOO_LARGE]
    return stand


async def test_a_batch_goes_when_the_one_before_it_was_acknowledged() -> None:
    """With three handed over at once, the first may be refused and the others taken.

    A broker takes any first sequence number of a client that it does not know; what was refused
    can then only arrive behind them.
    """
    stand = await refused(Lane)
    assert stand.kafka.most_under_way == 1
    assert stand.arrived == []
    assert stand.lane.unfinished == 3

    simpler = await refused(Eager)
    assert simpler.kafka.most_under_way == 3
    assert simpler.arrived == [b"2" * 90, b"3" * 90]


async def test_the_next_client_sends_what_was_not_acknowledged() -> None:
    stand = await refused(Lane)
    stand.lane.shut()
    delivery = stand.put(b"4")
    await settle()
    assert stand.arrived == []
    await stand.open()
    await settle()
    assert stand.arrived == [b"1" * 90, b"2" * 90, b"3" * 90, b"4"]
    assert delivery.done
    assert not stand.lane.unfinished


async def test_nothing_more_goes_through_a_client_that_failed() -> None:
    stand = await refused(Lane)
    stand.put(b"4")
    await settle()
    assert stand.arrived == []
    assert stand.errors == [TOO_LARGE]


async def test_records_that_fit_go_together() -> None:
    stand = Stand(request=1000)
    await stand.open()
    stand.kafka.answering.clear()
    first = stand.put(b"1")
    await settle()
    others = [stand.put(b"%d" % n) for n in range(2, 8)]
    await settle()
    stand.kafka.answering.set()
    await settle()
    assert stand.arrived == [b"%d" % n for n in range(1, 8)]
    assert all(delivery.done for delivery in [first, *others])
    assert stand.kafka.clients[0].batches_sent == 2


async def test_a_record_larger_than_a_request_goes_alone() -> None:
    stand = Stand()
    await stand.open()
    delivery = stand.put(b"x" * 500, b"y")
    await settle()
    assert delivery.done
    assert stand.kafka.clients[0].batches_sent == 2


async def test_it_is_known_since_when_a_batch_is_under_way() -> None:
    stand = Stand()
    await stand.open()
    assert stand.lane.sent_at is None
    stand.kafka.answering.clear()
    stand.put(b"1")
    assert stand.lane.sent_at is not None
    stand.kafka.answering.set()
    await settle()
    assert stand.lane.sent_at is None


async def test_a_lane_that_is_shut_has_nothing_under_way() -> None:
    stand = Stand()
    await stand.open()
    stand.kafka.answering.clear()
    stand.put(b"1")
    await settle()
    stand.lane.shut()
    await settle()
    assert stand.lane.sent_at is None
    assert stand.lane.unfinished == 1
    assert stand.kafka.under_way["t", 0] == 0
    assert stand.errors == []


async def test_drained_waits_for_the_last_acknowledgement() -> None:
    stand = Stand()
    await stand.lane.drained()
    stand.put(b"1")
    drained = asyncio.create_task(stand.lane.drained())
    await settle()
    assert not drained.done()
    await stand.open()
    await asyncio.wait_for(drained, 5)


async def test_a_delivery_is_told_once_when_all_its_records_are_acknowledged() -> None:
    stand = Stand()
    told: list[int] = []
    first, second = Delivery(3), Delivery(1)
    first.on_done = lambda: told.append(1)
    second.on_done = lambda: told.append(2)
    for delivery in (first, first, second, first):
        stand.lane.put(Record("t", None, b"x" * 20, [], 1), delivery)
    await stand.open()
    await settle()
    assert told == [2, 1]
    assert first.acknowledged_at >= second.acknowledged_at > 0


def test_a_delivery_of_nothing_is_done() -> None:
    assert Delivery(0).done
    assert not Delivery(1).done


STEPS = st.lists(
    st.sampled_from(["put", "large", "refuse", "replace", "hold", "answer", "settle", "hurry"]),
    max_size=40,
)
FILLINGS = st.sampled_from([AT_ONCE, Filling(LONG), Filling(0.0, 2), Filling(LONG, 3)])


@given(STEPS, FILLINGS)
@settings(deadline=None)
def test_every_record_arrives_once_and_in_order(steps: list[str], filling: Filling) -> None:
    """Through any number of clients that fail, be it before or while batches are under way."""
    asyncio.run(any_history(steps, filling))


async def any_history(steps: list[str], filling: Filling) -> None:
    stand = Stand(filling=filling)
    await stand.open()
    deliveries = []
    for number, step in enumerate(steps):
        if step in {"put", "large"}:
            size = 150 if step == "large" else 20
            deliveries.append(stand.put(b"%03d" % number + b"x" * size))
        elif step == "refuse":
            stand.kafka.refusals.append(AWAY)
        elif step == "replace" or stand.errors:
            stand.lane.shut()
            stand.errors.clear()
            await stand.open()
        elif step in {"hold", "answer"}:
            (stand.kafka.answering.clear if step == "hold" else stand.kafka.answering.set)()
        elif step == "hurry":
            stand.lane.hurry()
        else:
            await settle()
        assert stand.arrived == sorted(stand.arrived)
    stand.kafka.refusals.clear()
    stand.kafka.answering.set()
    stand.lane.shut()
    await stand.open()
    stand.lane.hurry()
    await settle()
    assert [value[:3] for value in stand.arrived] == [
        b"%03d" % number for number, step in enumerate(steps) if step in {"put", "large"}
    ]
    assert all(delivery.done for delivery in deliveries)
    assert stand.kafka.most_under_way <= 1


@pytest.mark.parametrize("count", [1, 5])
async def test_waiting_records_count_as_unfinished(count: int) -> None:
    stand = Stand()
    stand.put(*[b"x"] * count)
    assert stand.lane.unfinished == count


async def test_a_batch_that_is_not_full_lingers() -> None:
    stand = Stand(request=1000, filling=Filling(LONG))
    await stand.open()
    delivery = stand.put(b"1", b"2")
    await settle()
    assert stand.arrived == []
    assert stand.lane.sent_at is None
    stand.put(b"x" * 900)
    await settle()
    assert stand.arrived == [b"1", b"2"]
    assert delivery.done
    assert stand.lane.unfinished == 1


async def test_it_lingers_so_long_and_no_longer() -> None:
    stand = Stand(request=1000, filling=Filling(0.05))
    await stand.open()
    began = asyncio.get_running_loop().time()
    stand.put(b"1")
    await asyncio.sleep(0)
    stand.put(b"2")
    async with asyncio.timeout(5):
        await stand.lane.drained()
    assert asyncio.get_running_loop().time() - began >= 0.05
    assert stand.arrived == [b"1", b"2"]
    assert stand.kafka.clients[0].batches_sent == 1


async def test_each_batch_lingers_anew() -> None:
    stand = Stand(filling=Filling(0.02))
    await stand.open()
    for value in (b"1", b"2"):
        began = asyncio.get_running_loop().time()
        stand.put(value)
        async with asyncio.timeout(5):
            await stand.lane.drained()
        assert asyncio.get_running_loop().time() - began >= 0.02
    assert stand.kafka.clients[0].batches_sent == 2


async def test_it_lingers_while_another_batch_is_under_way() -> None:
    """A batch that was filled long before its turn goes when it has its turn."""
    stand = Stand(request=1000, filling=Filling(0.02))
    await stand.open()
    stand.kafka.answering.clear()
    stand.put(b"1")
    stand.lane.hurry()
    await settle()
    stand.put(b"2")
    lingered = asyncio.Event()
    asyncio.get_running_loop().call_later(0.04, lingered.set)
    await lingered.wait()
    stand.kafka.answering.set()
    await settle()
    assert stand.arrived == [b"1", b"2"]


async def test_who_is_in_a_hurry_does_not_linger_until_all_is_sent() -> None:
    stand = Stand(request=200, filling=Filling(LONG))
    await stand.open()
    stand.kafka.answering.clear()
    stand.put(*[b"%d" % n for n in range(5)])
    stand.lane.hurry()
    stand.put(b"5")
    stand.kafka.answering.set()
    await settle()
    assert stand.arrived == [b"%d" % n for n in range(6)]
    stand.put(b"6")
    await settle()
    assert stand.lane.unfinished == 1


async def test_a_hurry_with_nothing_to_send_is_over_at_once() -> None:
    stand = Stand(request=1000, filling=Filling(LONG))
    await stand.open()
    stand.lane.hurry()
    stand.put(b"1")
    await settle()
    assert stand.arrived == []


async def test_what_lingers_goes_through_the_next_client() -> None:
    stand = Stand(request=1000, filling=Filling(0.01))
    await stand.open()
    stand.put(b"1")
    stand.lane.shut()
    stand.put(b"2")
    await stand.open()
    async with asyncio.timeout(5):
        await stand.lane.drained()
    assert stand.arrived == [b"1", b"2"]
    assert [client.batches_sent for client in stand.kafka.clients] == [0, 1]


async def test_a_batch_takes_so_many_records() -> None:
    stand = Stand(request=10_000, filling=Filling(LONG, 2))
    await stand.open()
    stand.put(*[b"%d" % n for n in range(5)])
    await settle()
    assert stand.arrived == [b"0", b"1", b"2", b"3"]
    stand.put(b"5")
    await settle()
    assert stand.lane.unfinished == 0
    assert stand.kafka.clients[0].batches_sent == 3


async def test_what_is_given_up_is_never_sent_and_never_done() -> None:
    stand = await refused(Lane)
    delivery = stand.put(b"4")
    stand.lane.give_up()
    await stand.lane.drained()
    await stand.open()
    after = stand.put(b"5")
    await settle()
    assert stand.arrived == [b"5"]
    assert after.done
    assert not delivery.done
    assert not stand.lane.unfinished
