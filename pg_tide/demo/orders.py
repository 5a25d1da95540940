"""The demo's application: takes orders and publishes each change in the transaction that makes it.

A few clerks work at the same time, each with a connection and customers of its own, so that a
customer's changes are committed one after the other. Now and then a card is declined, and the
transaction is rolled back together with what it published.
"""

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass
from decimal import Decimal

from pg_tide.demo.ledger import Ledger
from pg_tide.demo.names import Names
from pg_tide.errors import PgTideError, TransientError
from pg_tide.postgres import Connection, connect

# Two for each of four partitions.
CUSTOMERS = ("alice", "bruno", "elif", "farid", "grace", "hiro", "ines", "omar")
ITEMS = (("teapot", 24), ("kettle", 39), ("cups, six", 18), ("green tea", 7), ("tray", 31))
NEXT = {"created": "paid", "paid": "shipped"}
_CLERKS = 4
_DECLINED = 0.05  # of all transactions
_OPEN_ORDERS = 20  # of a clerk, at most
_RETRY = 1.0  # seconds
_CHANCE = random.Random()  # noqa: S311 - not a secret


class _DeclinedError(Exception):
    """The card was declined: the whole transaction is to be rolled back."""


@dataclass(slots=True)
class Order:
    """An order that is not shipped yet."""

    order_id: int
    customer: str
    item: str
    total: Decimal
    status: str = "created"

    def payload(self) -> str:
        """What is published of a change."""
        return json.dumps(
            {
                "id": self.order_id,
                "status": self.status,
                "customer": self.customer,
                "item": self.item,
                "total": float(self.total),
            }
        )


class Orders:
    """The application. `rate` is in transactions a second, all clerks together."""

    def __init__(self, url: str, names: Names, ledger: Ledger, rate: float) -> None:
        self._stopped = asyncio.Event()
        self._clerks = [
            _Clerk(url, names, ledger, CUSTOMERS[number::_CLERKS]) for number in range(_CLERKS)
        ]
        self._pause = _CLERKS / rate

    @property
    def problem(self) -> str | None:
        """Why publishing fails at the moment, if it does."""
        return next((clerk.problem for clerk in self._clerks if clerk.problem), None)

    async def run(self) -> None:
        """Take orders until told to stop, and finish what is under way."""
        async with asyncio.TaskGroup() as group:
            for clerk in self._clerks:
                group.create_task(clerk.work(self._pause, self._stopped))

    def stop(self) -> None:
        """Take no more orders."""
        self._stopped.set()


class _Clerk:
    """One connection, and the customers that only it serves."""

    def __init__(self, url: str, names: Names, ledger: Ledger, customers: tuple[str, ...]) -> None:
        self._url = url
        self._outbox = names.outbox
        table = names.table
        self._insert = (
            f"INSERT INTO {table} (customer, item, total) VALUES ($1, $2, $3) RETURNING id"  # noqa: S608 - a name of ours
        )
        self._update = f"UPDATE {table} SET status = $2 WHERE id = $1"  # noqa: S608 - a name of ours
        self._publish = "SELECT tide.outbox_publish($1, $2, dedup_key => $3, op => $4, key => $5)"
        self._ledger = ledger
        self._customers = customers
        self._open: list[Order] = []
        self.problem: str | None = None

    async def work(self, pause: float, stopped: asyncio.Event) -> None:
        """Make a change every `pause` seconds, on average; go on after errors."""
        connection = None
        due = time.monotonic()
        while not stopped.is_set():
            # Late, it catches up by a second's worth at most.
            due = max(due + pause * _CHANCE.uniform(0.5, 1.5), time.monotonic() - 1)
            await _wait(stopped, due - time.monotonic())
            try:
                connection = connection or await connect(self._url, application_name="orders")
                await self._change(connection)
                self.problem = None
            except PgTideError as error:
                self.problem = error.message
                if connection is not None and isinstance(error, TransientError):
                    await connection.close()
                    connection = None
                await _wait(stopped, _RETRY)
        if connection is not None:
            await connection.close()

    async def _change(self, connection: Connection) -> None:
        """One transaction: a change of an order, and the message that tells of it."""
        number, sent = self._ledger.new(), False
        order = self._choose()
        try:
            async with connection.transaction():
                await self._store(connection, order)
                values = order.payload(), self._ledger.dedup_key(number), order.status
                await connection.value(self._publish, self._outbox, *values, order.customer)
                _charge()
                self._ledger.committing(number, time.monotonic())
                sent = True
        except _DeclinedError:
            self._ledger.undone(number)
        except PgTideError as error:
            unknown = sent and isinstance(error, TransientError)
            (self._ledger.doubted if unknown else self._ledger.undone)(number)
            raise
        else:
            self._ledger.committed(number)
            self._keep(order)

    def _choose(self) -> Order:
        """The order to change, as it shall be after: a new one, or the next step of an open one."""
        chance = _CHANCE.random()
        if not self._open or (chance < 0.4 and len(self._open) < _OPEN_ORDERS):
            item, price = _CHANCE.choice(ITEMS)
            customer = _CHANCE.choice(self._customers)
            total = Decimal(price) + Decimal("0.50") * _CHANCE.randint(0, 9)
            return Order(0, customer, item, total)
        order = self._open.pop(_CHANCE.randrange(len(self._open)))
        order.status = NEXT[order.status]
        return order

    def _keep(self, order: Order) -> None:
        if order.status in NEXT:
            self._open.append(order)

    async def _store(self, connection: Connection, order: Order) -> None:
        if order.status == "created":
            values = order.customer, order.item, order.total
            order.order_id = await connection.value(self._insert, *values)
        else:
            await connection.value(self._update, order.order_id, order.status)


def _charge() -> None:
    """Charge the customer's card."""
    if _CHANCE.random() < _DECLINED:
        raise _DeclinedError


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    """Sleep, but not past the moment of being stopped."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), seconds)
