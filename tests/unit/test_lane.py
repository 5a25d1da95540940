"""A partition's records go out in order, one batch at a time, through however many clients."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pg_tide.delivery import Delivery, Runs
from pg_tide.errors import FatalError, MessageError, TransientError
from pg_tide.lane import Client, Filling, Lane
from pg_tide.message import Record
from pg_tide.testing import FakeKafka

TOO_LARGE = FatalError("larger than the topic allows", reason="too_large")
AWAY = TransientError("the broker went away", reason="kafka_unreachable")
BAD = MessageError("not that one", stage="produce", reason="invalid_record")
AT_ONCE = Filling()
LONG = 3600.0  # seconds that no test waits for


class Eager(Lane):
    """The simpler lane: hands every batch over at once."""

    def pump(self, *, more: bool = False) -> None:  # noqa: ARG002
        client, self.tasks = self._client, getattr(self, "tasks", [])
        if client is None:
            return
        self._fill(client)
        while self._filled:
            batch, self._batch = self._batch, None
            sent, self._filled = self._filled, Runs()
            self.tasks.append(asyncio.create_task(self._send_at_once(client, batch, sent)))
            self._fill(client)

    async def _send_at_once(self, client: Client, batch: Any, sent: Runs) -> None:
        try:
            await client.send(batch, self.topic, self.partition)
        except FatalError as error:
            self._failed(error)
        else:
            sent.acknowledge()


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
            self.lane.put([Record("t", None, value, [], 1)], delivery)
        self.lane.pump()
        return delivery

    async def deliver(self) -> int:
        """Go on through one client after another until all have their end; how many it took."""
        for number in range(1, 200):
            await self.open()
            await settle()
            if not self.errors:
                return number
            assert all(isinstance(error, MessageError) for error in self.errors)
            self.errors.clear()
            self.lane.shut()
            self.lane.tell()
        raise AssertionError("it takes no end")

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
        stand.lane.put([Record("t", None, b"x" * 20, [], 1)], delivery)
    await stand.open()
    await settle()
    assert told == [2, 1]
    assert first.acknowledged_at >= second.acknowledged_at > 0


def test_a_delivery_of_nothing_is_done() -> None:
    assert Delivery(0).done
    assert not Delivery(1).done


STEPS = st.lists(
    st.sampled_from(
        ["put", "large", "bad", "refuse", "replace", "hold", "answer", "settle", "hurry"]
    ),
    max_size=40,
)
FILLINGS = st.sampled_from([AT_ONCE, Filling(LONG), Filling(0.0, 2), Filling(LONG, 3)])


@given(STEPS, FILLINGS, st.booleans())
@settings(deadline=None)
def test_every_record_arrives_once_and_in_order(
    steps: list[str], filling: Filling, named: bool
) -> None:
    """Through any number of clients that fail, be it before or while batches are under way."""
    asyncio.run(any_history(steps, filling, named))


async def any_history(steps: list[str], filling: Filling, named: bool) -> None:
    stand = Stand(filling=filling)
    stand.kafka.names_them = named
    await stand.open()
    deliveries: dict[bytes, Delivery] = {}
    for number, step in enumerate(steps):
        if step in {"put", "large", "bad"}:
            value = b"%03d" % number + b"x" * (150 if step == "large" else 20)
            if step == "bad":
                stand.kafka.bad_values.add(value)
            deliveries[value] = stand.put(value)
        elif step == "refuse":
            stand.kafka.refusals.append(AWAY)
        elif step == "replace" or stand.errors:
            stand.lane.shut()
            stand.lane.tell()
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
    stand.lane.hurry()
    stand.lane.shut()
    stand.lane.tell()
    stand.errors.clear()
    await stand.deliver()
    bad = stand.kafka.bad_values
    assert stand.arrived == [value for value in deliveries if value not in bad]
    assert all(delivery.done for delivery in deliveries.values())
    refused = {value for value, delivery in deliveries.items() if delivery.refusals}
    assert refused == bad
    assert stand.kafka.most_under_way <= 1


@pytest.mark.parametrize("count", [1, 5])
async def test_waiting_records_count_as_unfinished(count: int) -> None:
    stand = Stand()
    stand.put(*[b"x"] * count)
    assert stand.lane.unfinished == count


async def test_a_batch_that_is_not_full_waits_for_more_to_come_at_once() -> None:
    stand = Stand(request=200)
    await stand.open()
    delivery = Delivery(3)
    stand.lane.put([Record("t", None, b"1", [], 1)], delivery)
    stand.lane.pump(more=True)
    await settle()
    assert stand.arrived == []
    assert not delivery.done
    stand.lane.put([Record("t", None, b"%d" % n, [], 1) for n in (2, 3)], delivery)
    stand.lane.pump(more=True)  # it is full
    await settle()
    assert stand.arrived == [b"1", b"2"]
    assert not delivery.done
    stand.lane.pump()
    await settle()
    assert delivery.done


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


async def test_who_is_in_a_hurry_does_not_wait_for_more_that_was_to_come_at_once() -> None:
    """Who was to bring it may wait for what is here to have its end."""
    stand = Stand(request=200)
    await stand.open()
    stand.lane.put([Record("t", None, b"1", [], 1)], delivery := Delivery(1))
    stand.lane.pump(more=True)
    stand.lane.hurry()
    await settle()
    assert delivery.done


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


def test_a_delivery_knows_what_was_refused() -> None:
    told: list[None] = []
    delivery = Delivery(3)
    delivery.on_done = lambda: told.append(None)
    assert delivery.refusals == ()
    first, second = (Record("t", None, b"%d" % n, [], 1) for n in range(2))
    delivery.refused(first, BAD)
    delivery.refused(second, BAD)
    assert not delivery.done
    delivery.withdrawn(1)
    assert delivery.done
    assert told == [None]
    assert [(record, error) for record, error in delivery.refusals] == [(first, BAD), (second, BAD)]


@pytest.mark.parametrize("place", range(16))
async def test_one_bad_record_is_found_and_all_others_are_delivered_once(place: int) -> None:
    stand = Stand(request=10_000)
    stand.kafka.bad_values.add(b"%03d" % place)
    delivery = stand.put(*[b"%03d" % n for n in range(16)])
    clients = await stand.deliver()
    assert stand.arrived == [b"%03d" % n for n in range(16) if n != place]
    assert delivery.done
    ((record, error),) = delivery.refusals
    assert record.value == b"%03d" % place
    assert (error.stage, error.reason) == ("produce", "invalid_record")
    # All are refused, and each half that holds it; at the end it is alone. Then one for the rest.
    halves = f"{place:04b}".count("0")
    assert clients == 1 + halves + place % 2 + 1


async def test_a_run_of_bad_records_is_passed_with_a_refusal_each() -> None:
    stand = Stand(request=100_000)
    bad = {b"%03d" % n for n in range(40, 72)}
    stand.kafka.bad_values |= bad
    delivery = stand.put(*[b"%03d" % n for n in range(128)])
    clients = await stand.deliver()
    assert {record.value for record, _ in delivery.refusals} == bad
    assert stand.arrived == [b"%03d" % n for n in range(128) if b"%03d" % n not in bad]
    assert clients <= 32 + 8


async def test_records_that_brokers_name_are_refused_at_once() -> None:
    stand = Stand(request=100_000)
    stand.kafka.names_them = True
    stand.kafka.bad_values |= {b"000", b"007", b"099"}
    delivery = stand.put(*[b"%03d" % n for n in range(100)])
    assert await stand.deliver() == 2
    assert [record.value for record, _ in delivery.refusals] == [b"000", b"007", b"099"]
    assert stand.arrived == [b"%03d" % n for n in range(100) if n not in {0, 7, 99}]
    assert stand.kafka.clients[-1].batches_sent == 1


async def test_a_limit_that_brokers_do_not_tell_is_found_once() -> None:
    """Describing a topic may be denied: what it takes shows when a batch is too large."""
    stand = Stand(request=100_000)
    stand.kafka.topics["t"].max_bytes = 1000
    values = [b"%03d" % n + b"x" * 30 for n in range(200)]
    large = b"large" + b"x" * 2000
    delivery = stand.put(*values[:50], large, *values[50:100])
    assert await stand.deliver() <= 7  # halved four times, the large one, and then all
    ((refused, error),) = delivery.refusals
    assert (refused.value, error.reason) == (large, "too_large")
    stand.put(*values[100:])
    assert await stand.deliver() == 1
    assert stand.arrived == values
    assert stand.kafka.clients[-1].batches_sent <= 30


async def test_where_no_record_is_found_to_be_bad_batches_are_as_before() -> None:
    """As the bad one was withdrawn, or its topic takes it by now."""
    stand = Stand(request=100_000)
    stand.kafka.refusals.append(BAD)
    stand.put(*[b"%03d" % n for n in range(16)])
    assert await stand.deliver() == 2
    before = stand.kafka.clients[-1].batches_sent
    for n in range(16, 20):
        stand.put(*[b"%03d" % n] * 50)
    await settle()
    assert len(stand.arrived) == 16 + 200
    assert stand.kafka.clients[-1].batches_sent == before + 2  # what is here first, and the rest


async def test_batches_grow_anew_behind_a_bad_record() -> None:
    stand = Stand(request=100_000, filling=Filling(0.0, 8))
    stand.kafka.bad_values.add(b"000")
    stand.put(*[b"%03d" % n for n in range(100)])
    clients = await stand.deliver()
    assert clients == 5  # eight, four, two, one alone, and then what is good
    assert stand.kafka.clients[-1].batches_sent == len([1, 2, 4, *[8] * 11, 4])


async def test_a_refusal_is_told_when_the_lane_is_shut() -> None:
    """Before that, others may still be under way."""
    stand = Stand()
    stand.kafka.bad_values.add(b"1")
    delivery = stand.put(b"1")
    await stand.open()
    await settle()
    assert stand.lane.unfinished == 1
    assert not delivery.done
    stand.lane.shut()
    stand.lane.tell()
    await stand.lane.drained()
    assert delivery.done
    assert stand.lane.unfinished == 0


async def test_a_lane_that_is_held_gets_its_answer_and_sends_no_more() -> None:
    stand = Stand()
    await stand.open()
    stand.kafka.answering.clear()
    stand.put(b"1" * 90, b"2" * 90)
    await settle()
    under_way = stand.lane.hold()
    assert under_way is not None
    stand.kafka.answering.set()
    await under_way
    await settle()
    assert stand.arrived == [b"1" * 90]
    stand.lane.shut()
    await stand.open()
    await settle()
    assert stand.arrived == [b"1" * 90, b"2" * 90]


async def test_records_are_withdrawn_by_identity() -> None:
    stand = Stand()
    delivery = Delivery(4)
    records = [Record("t", None, b"same", [], 1) for _ in range(4)]
    for record in records:
        stand.lane.put([record], delivery)
    assert stand.lane.withdraw({id(records[0]), id(records[2]), 1}) == {
        id(records[0]),
        id(records[2]),
    }
    assert delivery.pending == 2
    await stand.open()
    await settle()
    assert delivery.done
    assert len(stand.arrived) == 2
    assert delivery.refusals == ()


async def test_a_lane_whose_last_record_is_withdrawn_is_drained() -> None:
    stand = Stand()
    delivery, record = Delivery(1), Record("t", None, b"1", [], 1)
    stand.lane.put([record], delivery)
    drained = asyncio.create_task(stand.lane.drained())
    stand.lane.withdraw({id(record)})
    async with asyncio.timeout(5):
        await drained
    assert delivery.done


@pytest.mark.parametrize("gone", range(8))
async def test_suspects_that_were_withdrawn_are_no_suspects(gone: int) -> None:
    """Whichever of a batch that was refused is withdrawn: the bad one itself, or any other."""
    stand = Stand(request=10_000)
    stand.kafka.bad_values.add(b"5")
    delivery = Delivery(8)
    records = [Record("t", None, b"%d" % n, [], 1) for n in range(8)]
    for record in records:
        stand.lane.put([record], delivery)
    await stand.open()
    await settle()
    assert stand.errors
    stand.errors.clear()
    stand.lane.shut()
    stand.lane.withdraw({id(records[gone])})
    await stand.deliver()
    assert stand.arrived == [b"%d" % n for n in range(8) if n not in {5, gone}]
    assert delivery.done
    assert len(delivery.refusals) == (gone != 5)


async def test_where_nothing_can_go_all_that_waits_is_refused_at_the_end() -> None:
    stand = Stand()
    first = stand.put(b"1", b"2")
    stand.lane.fault = BAD
    assert stand.errors == []
    stand.lane.tell()
    assert first.done
    assert [error for _, error in first.refusals] == [BAD, BAD]
    second = stand.put(b"3")
    assert stand.errors == [BAD]
    stand.lane.tell()
    assert second.done
