"""The demo at work: the application publishes, the consumer reads, and the ledger compares."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from pg_tide.demo.consumer import Consumer
from pg_tide.demo.figures import Figures, Rates, Recent, Status
from pg_tide.demo.ledger import Ledger
from pg_tide.demo.orders import Orders
from pg_tide.demo.stage import Settings, Stage

_TICK = 0.25  # seconds between looks
_STATUS_SECONDS = 0.5  # between looks at the pipeline's status
_REST_SECONDS = 30.0  # for what is still on its way
_SHORT_REST_SECONDS = 3.0  # the same when somebody waits at the terminal
_QUIET_SECONDS = 0.5  # in which repeats would arrive
_LOST_SECONDS = 5.0  # without a record, though the relay has nothing to deliver any more
_FINISH_SECONDS = 10.0  # for transactions under way


class Display(Protocol):
    """What shows the play, from `open` to `close`."""

    def open(self, stage: Stage) -> None:
        """The play begins."""

    def show(self, figures: Figures) -> None:
        """The play as it stands."""

    def close(self) -> None:
        """The play is over, or was interrupted."""


class Play:
    """One run of application and consumer between servers that are up."""

    def __init__(self, settings: Settings, stage: Stage, display: Display, ledger: Ledger) -> None:
        self._seconds = settings.seconds
        self._stage = stage
        self._display = display
        self._ledger = ledger
        self._orders = Orders(stage.url, stage.names, ledger, settings.rate)
        self._recent, self._rates, self._status = Recent(), Rates(), Status()
        self._started = self._heard = time.monotonic()

    async def run(self, stopped: asyncio.Event) -> None:
        """Until `stopped`, or for the seconds asked for; then until everything has arrived.

        Raises PgTideError if the relay ends.
        """
        names = self._stage.names
        with Consumer(self._stage.brokers, names.topic) as consumer:
            publishing = asyncio.create_task(self._orders.run())
            watching = asyncio.create_task(self._watch())
            try:
                await self._publish(consumer, publishing, stopped)
                self._orders.stop()
                await asyncio.wait({publishing}, timeout=_FINISH_SECONDS)
                if publishing.done():
                    publishing.result()
                await self._rest(consumer)
            finally:
                for task in (publishing, watching):
                    task.cancel()
                await asyncio.gather(publishing, watching, return_exceptions=True)

    async def _publish(
        self, consumer: Consumer, publishing: asyncio.Task[None], stopped: asyncio.Event
    ) -> None:
        ends = self._started + self._seconds if self._seconds else float("inf")
        while not stopped.is_set() and (left := ends - time.monotonic()) > 0:
            self._look(consumer, ending=False)
            if publishing.done():
                publishing.result()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), min(_TICK, left))

    async def _rest(self, consumer: Consumer) -> None:
        """Wait for what is still on its way, and a moment longer for what should not come."""
        seconds = _REST_SECONDS if self._seconds else _SHORT_REST_SECONDS
        await self._look_until(self._is_over, seconds, consumer)
        await self._look_until(lambda: False, _QUIET_SECONDS, consumer)

    def _is_over(self) -> bool:
        """Whether all is here, or nothing more will come."""
        silent = time.monotonic() - self._heard > _LOST_SECONDS
        return not self._ledger.pending or (silent and self._status.pending == 0)

    async def _look_until(
        self, done: Callable[[], bool], seconds: float, consumer: Consumer
    ) -> None:
        ends = time.monotonic() + seconds
        while not done() and time.monotonic() < ends:
            await asyncio.sleep(_TICK / 5)
            self._look(consumer, ending=True)

    def _look(self, consumer: Consumer, *, ending: bool) -> None:
        self._stage.relay.check()
        for record in consumer.take():
            self._heard = time.monotonic()
            self._recent.add(record, ours=self._ledger.saw(record))
        problems = [self._orders.problem, consumer.problem, self._status.error]
        self._display.show(self._figures([one for one in problems if one], ending=ending))

    async def _watch(self) -> None:
        while True:
            self._status = await self._stage.status.read()
            await asyncio.sleep(_STATUS_SECONDS)

    def _figures(self, problems: list[str], *, ending: bool) -> Figures:
        seconds = time.monotonic() - self._started
        rates = self._rates.add(seconds, self._ledger.published, self._ledger.delivered)
        median, slow = self._ledger.latency(0.5, 0.99)
        recent, guests = self._recent.lists()
        return Figures(
            seconds=seconds,
            ledger=self._ledger,
            publish_rate=rates[0],
            delivery_rate=rates[1],
            latency=(median, slow),
            status=self._status,
            problems=problems,
            recent=recent,
            guests=guests,
            ending=ending,
        )
