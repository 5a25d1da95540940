"""One process: finds its pipelines, owns its share, runs it, and drains when told to stop.

A change of configuration restarts the pipelines that changed, after draining, and no others.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pg_tide import __version__, http, log
from pg_tide.arrivals import Arrivals
from pg_tide.assembly import Shared
from pg_tide.buffer import Buffer
from pg_tide.catalog import Catalog, Configured
from pg_tide.config.process import ProcessConfig
from pg_tide.errors import PgTideError
from pg_tide.metrics import Meter, Metrics
from pg_tide.migrate import Schema, applied_to
from pg_tide.nearest import nearest
from pg_tide.ownership import Ownership
from pg_tide.postgres import Postgres
from pg_tide.reference import References
from pg_tide.retention import Retention
from pg_tide.runner import Runner
from pg_tide.wakeup import Wakeup

logger = log.get("relay")
LOOK = 5.0  # seconds between looks at the configuration, beside notifications


@dataclass
class Running:
    """A runner and its task."""

    runner: Runner
    task: asyncio.Task[None]
    retired: bool = False


class Relay:
    """The relay process."""

    def __init__(self, config: ProcessConfig) -> None:
        self._config = config
        pooled = config.postgres_direct_url != config.postgres_url
        self._postgres = Postgres(config.postgres_url, pooled=pooled)
        self._metrics = Metrics()
        self._running: dict[str, Running] = {}
        self._meters: dict[str, Meter] = {}
        self._unknown: set[str] = set()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._blind: str | None = "the pipelines are not known yet"

    async def run(self) -> None:
        """Run until told to stop; raises StartError when it cannot start here."""
        await self._postgres.open()
        try:
            async with self._postgres.transaction(read_only=True) as connection:
                Schema().verdict(await applied_to(connection))
            await self._serve()
        finally:
            await self._postgres.close()

    async def _serve(self) -> None:
        direct_url = self._config.postgres_direct_url
        ownership = Ownership(
            direct_url,
            f"{socket.gethostname()}:{os.getpid()}",
            self._lost,
            self._share,
            self._config.relay_group,
            self._config.pipeline,
        )
        wakeup = Wakeup(self._postgres, direct_url, self._changed.set)
        catalog = Catalog(self._postgres, self._config.relay_group)
        buffer = Buffer(self._config.buffer_memory)
        references = References(self._postgres, self._config.secret_keys)
        arrivals = Arrivals(catalog)
        self._shared = Shared(
            self._postgres, ownership, wakeup, catalog, buffer, self._metrics, references, arrivals
        )
        async with http.serve(self._config.http, self):
            await ownership.start()
            logger.info("started", version=__version__, relay_group=self._config.relay_group)
            sweeps = Retention(catalog)
            try:
                await self._work(wakeup.run(), self._reconcile(), sweeps.run(), arrivals.run())
            finally:
                ownership.leave()
                await self._drain()
                with contextlib.suppress(PgTideError):
                    await arrivals.tell()
                await ownership.stop()
        logger.info("stopped")

    async def _work(self, *works: Coroutine[Any, Any, None]) -> None:
        """Do all of these until told to stop."""
        background = [asyncio.create_task(work) for work in works]
        try:
            await first_of(self._stopping, background)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    def stop(self) -> None:
        """Drain and end; told twice, end at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop the relay."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    def _lost(self) -> None:
        logger.warning("the lock connection was lost; all pipelines start anew")
        self._metrics.count("pg_tide_postgres_reconnects_total")
        self._postgres.expire()
        self._blind = "the lock connection was lost"
        self._changed.set()  # whoever can be asked for the pipelines, is there again
        for running in self._running.values():
            running.runner.lose()

    def _share(self) -> None:
        for running in self._running.values():
            running.runner.share()

    async def _reconcile(self) -> None:
        while True:
            self._changed.clear()
            try:
                self._match(await self._shared.catalog.pipelines())
                await self._shared.ownership.begin()
                self._blind = None
            except PgTideError as error:
                self._see_nothing(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._changed.wait()

    def _see_nothing(self, error: PgTideError) -> None:
        if self._blind != error.message:
            logger.warning("cannot read the pipelines", reason=error.message, hint=error.hint)
        self._blind = error.message

    def _match(self, configured: Sequence[Configured]) -> None:
        """Have exactly the pipelines running that are configured and enabled."""
        wanted = {
            one.name: one
            for one in configured
            if one.enabled and (not self._config.pipeline or one.name in self._config.pipeline)
        }
        for name, running in self._running.items():
            newer = wanted.get(name)
            if newer is None or running.runner.configured.restarts_for(newer):
                self._retire(running)
            elif newer.to_retry:
                running.runner.replay()
        busy = {running.runner.configured.group_id for running in self._running.values()}
        for name, one in wanted.items():
            if name not in self._running and one.group_id not in busy:
                self._start(one)
        self._tell_of_others({one.name: one for one in configured})
        self._tell_of_unknown({one.name for one in configured})

    def _tell_of_unknown(self, names: Collection[str]) -> None:
        """A name on the command line may be a typing error, or come later."""
        unknown = set(self._config.pipeline) - set(names)
        for name in sorted(unknown - self._unknown):
            near = nearest(name, names)
            hint = f'Did you mean "{near}"?' if near else "It is run as soon as there is one."
            logger.warning("no such pipeline in this relay group", pipeline=name, hint=hint)
        self._unknown = unknown

    def _tell_of_others(self, configured: Mapping[str, Configured]) -> None:
        """Metrics of pipelines that do not run say so, or go with a pipeline that is no more."""
        for name, meter in list(self._meters.items()):
            if name not in configured:
                self._meters.pop(name).forget()
            elif not configured[name].enabled and name not in self._running:
                meter.state("disabled")

    def _start(self, configured: Configured) -> None:
        meter = Meter(self._metrics, configured.name, configured.outbox)
        self._meters[configured.name] = meter
        runner = Runner(self._shared, configured, meter)
        task = asyncio.create_task(runner.run())
        self._running[configured.name] = Running(runner, task)
        task.add_done_callback(lambda _: self._ended(configured.name))
        self._metrics.count("pg_tide_config_reloads_total")

    def _retire(self, running: Running) -> None:
        """Let it drain, but do not wait for a broker that is away; the next one starts after it."""
        if not running.retired:
            running.retired = True
            running.runner.stop(patient=False)
            loop = asyncio.get_running_loop()
            loop.call_later(self._config.shutdown_timeout, running.task.cancel)

    def _ended(self, name: str) -> None:
        del self._running[name]
        self._changed.set()

    async def _drain(self) -> None:
        """Have every pipeline finish what is in flight, for so long and no longer."""
        tasks = [running.task for running in self._running.values()]
        for running in self._running.values():
            running.runner.stop(patient=True)
        if not tasks:
            return
        hurry = asyncio.create_task(self._hurry.wait())
        drained = asyncio.ensure_future(asyncio.wait(tasks))
        timeout = self._config.shutdown_timeout
        await asyncio.wait({hurry, drained}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not drained.done():
            logger.warning(
                "not everything in flight was acknowledged in time; it will be sent again"
            )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, drained, return_exceptions=True)

    # What the process says of itself over HTTP.

    async def scrape(self) -> bytes:
        """Every metric, in Prometheus' text format; gauges of the database as they are now."""
        with contextlib.suppress(PgTideError, TimeoutError):
            async with asyncio.timeout(5):
                await self._gauge()
        return self._metrics.text()

    async def _gauge(self) -> None:
        running = self._running.values()
        self._metrics.set("pg_tide_pipelines_owned", sum(one.runner.owned for one in running))
        lags = await self._shared.catalog.lag()
        letters = await self._shared.catalog.dead_letters()
        for one in running:
            name = one.runner.configured.name
            one.runner.gauge(lags.get(name), letters.get(name))
        for storage in await self._shared.catalog.storage():
            labels = {"outbox": storage.outbox}
            self._metrics.set("pg_tide_outbox_retained_messages", storage.retained, **labels)
            self._metrics.set("pg_tide_outbox_slots_waiting", storage.slots_waiting, **labels)

    def problems(self) -> dict[str, str]:
        """Why this relay is not ready: by pipeline, or of the relay itself."""
        if self._blind is not None:
            return {"relay": self._blind}
        return {
            name: problem
            for name, one in self._running.items()
            if (problem := one.runner.problem()) is not None
        }


async def first_of(event: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for an event; raises what ends one of the tasks before it."""
    waiting = asyncio.create_task(event.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()
