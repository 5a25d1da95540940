"""Transactions one after another: in what order intents, records, commits and confirmations are."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

import pytest

from pg_tide.delivery import Delivery
from pg_tide.errors import Again, FatalError, MessageError, PgTideError, TransientError
from pg_tide.in_flight import Entry, Settled
from pg_tide.intent import MOST_KEPT, Identity, Mark
from pg_tide.message import Batch, Record, Rejected
from pg_tide.metrics import Meter, Metrics
from pg_tide.one_error import one_error
from pg_tide.setbacks import Setbacks
from pg_tide.transactions import Terms, Transactions
from tests.fixtures.messages import a_message

IDENTITY = Identity("pg-tide-x-1", ("kafka:9092",))
REFUSED = MessageError("no", stage="produce", reason="invalid_record")
CLOSED = TransientError("Kafka: ProducerClosed", reason="kafka_unreachable")


class Stage:
    """A producer, a client and a ledger, which do what they shall when a test lets them."""

    def __init__(self, **terms: Any) -> None:
        self.done: list[str] = []
        self.held: dict[str, asyncio.Event] = {}
        self.failing: dict[str, Exception] = {}
        self.kept = self.most_kept = 0
        self.deliveries: deque[tuple[Sequence[Any], Delivery]] = deque()
        self.refusal: MessageError | None = None
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.at_once = True  # records are acknowledged
        self.metrics = Metrics()
        given = {"number": 0, "mark": None, "timeout": 5.0, **terms}
        stage: Any = self
        self.transactions = Transactions(
            producer=stage,
            client=stage,
            ledger=stage,
            terms=Terms(IDENTITY, **given),
            setbacks=Setbacks(),
            meter=Meter(self.metrics, "p", "orders"),
        )

    async def _do(self, what: str) -> None:
        if what in self.held:
            await self.held[what].wait()
        if what in self.failing:
            raise self.failing[what]
        self.done.append(what)

    def hold(self, what: str) -> None:
        """Have something wait until the test calls `go`."""
        self.held[what] = asyncio.Event()

    def go(self, what: str) -> None:
        self.held.pop(what).set()

    # The client.

    async def begin(self) -> None:
        await self._do("begin")

    async def stamp(self, mark: Mark) -> None:
        await self._do(f"stamp {mark.number}")

    async def commit(self) -> None:
        await self._do("commit")

    # The producer.

    @property
    def failed(self) -> bool:
        return self.ended.done()

    async def run(self) -> None:
        error = await self.ended
        await rest()  # its client is ended
        if error is not None:
            raise error

    async def ready(self) -> None:
        pass

    def produce(self, records: Sequence[Any]) -> Delivery:
        delivery = Delivery(sum(map(len, records)))
        self.deliveries.append((records, delivery))
        self.done.append(f"produce {delivery.pending}")
        if self.at_once:
            delivery.acknowledged(delivery.pending)
        return delivery

    def hurry(self) -> None:
        pass

    def refuse(self, places: Collection[int]) -> None:
        """Brokers refuse these records, and take the others."""
        records, delivery = self.deliveries[-1]
        flat = [record for of_message in records for record in of_message]
        self.refusal = REFUSED
        for place in places:
            delivery.refused(flat[place], REFUSED)
        delivery.acknowledged(delivery.pending)

    # The ledger.

    async def intend(self, number: int, token: UUID, identity: Identity, done: Settled) -> None:
        assert (type(token), identity) == (UUID, IDENTITY)
        assert all(entry.intent == number for entry in done.entries)
        await self._do(f"intend {number}")
        self.kept += 1
        self.most_kept = max(self.most_kept, self.kept)

    async def confirm(self, number: int) -> set[str]:
        await self._do(f"confirm {number}")
        self.kept -= 1
        return {"still"}

    # What the pipeline does.

    def add(self, *ids: int, records: int = 1, aside: Collection[int] = ()) -> Entry:
        """Hand a batch over."""
        messages = [a_message(id=one) for one in ids]
        batch: Any = Batch(messages, None, None, 10)  # type: ignore[arg-type]
        of_each = [tuple(Record("t", b"k", b"v", [], 1) for _ in range(records)) for _ in ids]
        rejected = {place: Rejected(messages[place], REFUSED) for place in aside}
        for place in aside:
            of_each[place] = ()
        filtered = len(ids) if not records else 0
        entry = Entry(batch, of_each, Delivery(1), filtered, rejected)
        self.transactions.add(entry)
        return entry

    async def settle(self, *entries: Entry) -> set[str]:
        """Settle what has its end."""

        async def write(done: Settled) -> set[str]:
            self.done.append(f"write {len(done.entries)}")
            return {"written"}

        assert all(entry.done for entry in entries)
        return await self.transactions.settle(Settled(list(entries)), write)

    async def until(self, what: str) -> None:
        """Wait until something was done."""
        async with asyncio.timeout(2):
            while what not in self.done:
                await rest()


@contextlib.asynccontextmanager
async def running(stage: Stage) -> AsyncIterator["asyncio.Task[None]"]:
    """Carry what is added, until the block ends."""

    async def run() -> None:
        with one_error():
            await stage.transactions.run()

    task = asyncio.create_task(run())
    yield task
    task.cancel()
    await asyncio.wait({task})


async def rest() -> None:
    """Let every task go on as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def outcome(task: "asyncio.Task[None]") -> BaseException | None:
    """What ended a run."""
    async with asyncio.timeout(2):
        await asyncio.wait({task})
    return task.exception()


async def test_an_intent_stands_before_anything_begins() -> None:
    stage = Stage(number=41)
    async with running(stage):
        one = stage.add(1, 2)
        stage.hold("intend 42")
        await rest()
        assert stage.done == []
        stage.go("intend 42")
        await stage.until("commit")
        await rest()
        assert stage.done == ["intend 42", "begin", "produce 2", "stamp 42", "commit"]
        assert one.intent == 42
        assert await stage.settle(one) == {"still"}
        assert stage.done[-1] == "confirm 42"


async def test_nothing_is_committed_before_all_was_acknowledged() -> None:
    stage = Stage()
    stage.at_once = False
    async with running(stage):
        entry = stage.add(1)
        await stage.until("produce 1")
        await rest()
        assert stage.done[-1] == "produce 1", (
            "a mark beside records makes brokers refuse one of both"
        )
        assert not entry.done
        stage.deliveries[0][1].acknowledged(1)
        await stage.until("commit")
        await rest()
        assert entry.done


async def test_the_next_intent_is_written_while_one_commits_and_never_a_third() -> None:
    stage = Stage()
    async with running(stage):
        stage.hold("commit")
        stage.at_once = False
        first = stage.add(1)
        await stage.until("produce 1")
        second = stage.add(2)
        stage.deliveries[0][1].acknowledged(1)
        stage.at_once = True
        await stage.until("intend 2")
        third = stage.add(3)
        await rest()
        assert stage.done == ["intend 1", "begin", "produce 1", "stamp 1", "intend 2"]
        stage.go("commit")
        await rest()
        assert stage.done.count("commit") == 2, "the second goes on"
        assert "intend 3" not in stage.done, "two are kept"
        await stage.settle(first)
        await stage.until("intend 3")
        await stage.settle(second)
        await rest()
        await stage.settle(third)
    assert stage.most_kept == MOST_KEPT


async def test_what_has_no_records_needs_no_transaction_and_waits_its_turn() -> None:
    stage = Stage()
    async with running(stage):
        nothing = stage.add(1, 2, records=0)
        await rest()
        assert nothing.done
        assert nothing.intent is None
        last = stage.add(3)
        await rest()
        assert stage.done == [], "the position must move over what is in front first"
        assert await stage.settle(nothing) == {"written"}
        await stage.until("commit")
        await rest()
        assert last.intent == 1
        assert stage.done[:2] == ["write 1", "intend 1"]


async def test_what_has_none_goes_with_what_has_some() -> None:
    stage = Stage()
    async with running(stage):
        entries = [stage.add(1, records=0), stage.add(2), stage.add(3, aside=[0])]
        await stage.until("commit")
        assert [entry.intent for entry in entries] == [1, 1, 1]


async def test_no_more_go_together_than_were_not_refused() -> None:
    stage = Stage()
    stage.transactions.setbacks.at_most = 4
    async with running(stage):
        entries = [stage.add(*range(n, n + 2)) for n in (1, 3, 5)]
        big = stage.add(*range(7, 17))
        for number in (1, 2, 3):
            await stage.until(f"intend {number}")
            await rest()
            ended = [one for one in [*entries, big] if one.intent == number]
            await stage.settle(*ended)
    assert [entry.intent for entry in [*entries, big]] == [1, 1, 2, 3]


async def test_what_lingers_goes_when_it_is_told_to_hurry() -> None:
    stage = Stage(linger=60.0)
    async with running(stage):
        stage.add(1)
        await rest()
        assert stage.done == []
        stage.transactions.hurry()
        await stage.until("commit")


async def test_what_lingers_goes_together() -> None:
    stage = Stage(linger=0.05)
    async with running(stage):
        first = stage.add(1)
        await asyncio.sleep(0.01)
        second = stage.add(2)
        await stage.until("commit")
        assert (first.intent, second.intent) == (1, 1)


async def test_records_that_are_refused_are_known_to_the_next_run() -> None:
    stage = Stage()
    stage.at_once = False
    async with running(stage) as task:
        entry = stage.add(1, 2, 3)
        await stage.until("produce 3")
        stage.refuse([1])
        await rest()
        assert not task.done(), "the producer ends first"
        stage.ended.set_result(None)
        assert isinstance(await outcome(task), Again)
    assert "commit" not in stage.done
    assert not entry.done
    assert stage.transactions.setbacks.errors(entry.batch.messages) == {1: REFUSED}
    assert b'outcome="aborted"' in stage.metrics.text()


async def test_they_are_forgotten_when_they_have_their_end() -> None:
    stage = Stage()
    setbacks = stage.transactions.setbacks
    async with running(stage):
        entry = stage.add(1, 2, aside=[0])
        setbacks.refuse([(entry.batch.messages[0], REFUSED)])
        await stage.until("commit")
        await rest()
        assert setbacks.errors(entry.batch.messages)
        await stage.settle(entry)
        assert not setbacks.errors(entry.batch.messages)


async def test_fewer_go_next_time_where_brokers_do_not_say_which_was_refused() -> None:
    stage = Stage()
    stage.at_once = False
    async with running(stage) as task:
        stage.add(*range(10))
        await stage.until("produce 10")
        stage.refusal = REFUSED
        stage.ended.set_result(None)
        assert isinstance(await outcome(task), Again)
    assert stage.transactions.at_most == 5


async def test_the_only_message_of_a_transaction_is_the_one_that_was_refused() -> None:
    stage = Stage()
    stage.at_once = False
    async with running(stage) as task:
        entry = stage.add(1, records=2)
        await stage.until("produce 2")
        stage.refusal = REFUSED
        stage.ended.set_result(None)
        await outcome(task)
    assert stage.transactions.setbacks.errors(entry.batch.messages) == {0: REFUSED}


@pytest.mark.parametrize("where", ["begin", "stamp 1", "commit"])
async def test_the_producer_says_why_it_ends_not_who_used_it(where: str) -> None:
    """Its client is closed below whoever still asks something of it."""
    stage = Stage()
    reason = FatalError("not authorized", reason="topic_not_authorized")
    stage.hold(where)
    async with running(stage) as task:
        stage.add(1)
        await rest()
        stage.failing[where] = CLOSED
        stage.ended.set_result(reason)
        stage.go(where)
        assert await outcome(task) is reason


@pytest.mark.parametrize("where", ["intend 1", "begin", "stamp 1", "commit"])
async def test_whatever_fails_ends_the_run(where: str) -> None:
    stage = Stage()
    stage.failing[where] = PgTideError("no")
    async with running(stage) as task:
        entry = stage.add(1)
        assert await outcome(task) is stage.failing[where]
    assert not entry.done


async def test_a_transaction_that_takes_too_long_is_given_up() -> None:
    stage = Stage(timeout=0.02)
    stage.hold("commit")
    async with running(stage) as task:
        stage.add(1)
        error = await outcome(task)
    assert isinstance(error, TransientError)
    assert error.reason == "transaction_timed_out"


async def test_how_long_the_one_under_way_takes_is_known() -> None:
    stage = Stage()
    stage.hold("commit")
    async with running(stage):
        assert stage.transactions.unanswered == 0
        stage.add(1)
        await stage.until("stamp 1")
        assert stage.transactions.unanswered > 0
        stage.go("commit")
        await stage.until("commit")
        await rest()
        assert stage.transactions.unanswered == 0


async def test_a_mark_is_committed_anew_before_it_expires() -> None:
    stage = Stage(number=7, mark=Mark(7, "token"), refresh=0.02)
    async with running(stage):
        await stage.until("commit")
        assert stage.done == ["begin", "stamp 7", "commit"]
        stage.done.clear()
        await stage.until("commit")
        assert stage.done == ["begin", "stamp 7", "commit"]
        entry = stage.add(1)
        await stage.until("intend 8")
        await rest()
        await stage.settle(entry)
        stage.done.clear()
        await stage.until("stamp 8")
    assert stage.kept == 0


async def test_where_none_was_ever_committed_none_is_anew() -> None:
    stage = Stage(refresh=0.001)
    async with running(stage) as task:
        await asyncio.sleep(0.02)
        assert stage.done == []
        assert not task.done()


async def test_a_transaction_that_took_too_long_is_smaller_the_next_time() -> None:
    stage = Stage(timeout=0.01)
    stage.at_once = False
    async with running(stage) as task:
        stage.add(*range(10))
        error = await outcome(task)
    assert isinstance(error, TransientError)
    assert error.reason == "transaction_timed_out"
    assert stage.transactions.at_most == 5
    assert b'error="transaction_timed_out"' in stage.metrics.text()


async def test_a_page_that_is_handed_over_during_a_commit_goes_as_one() -> None:
    stage = Stage()
    async with running(stage):
        stage.hold("commit")
        stage.add(1)
        await stage.until("stamp 1")
        stage.transactions.waiting.coming(True)
        slices = [stage.add(number) for number in (2, 3)]
        await rest()
        assert "intend 2" not in stage.done
        slices.append(stage.add(4))
        stage.transactions.waiting.coming(False)
        await stage.until("intend 2")
        assert {one.intent for one in slices} == {2}
        stage.go("commit")


async def test_what_fills_a_transaction_does_not_linger() -> None:
    stage = Stage(linger=60.0, batch_size=2)
    async with running(stage):
        stage.add(1)
        await rest()
        assert not stage.done
        stage.add(2)
        await stage.until("commit")
