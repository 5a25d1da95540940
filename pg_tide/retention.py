"""Sweeps now and then: messages that are delivered and expired go, and resolved dead letters.

At random moments: a lock that is not free now may be free then.
"""

import asyncio
import contextlib
import random

from pg_tide import log
from pg_tide.catalog import Catalog
from pg_tide.errors import PgTideError

logger = log.get("relay")
SWEEP = 5.0  # seconds between looks for what there is to sweep, about


class Retention:
    """One relay's sweeps; a reason not to sweep is told once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._unswept: dict[int, str] = {}

    async def run(self) -> None:
        """Sweep the outboxes where there is something to, and the dead letters, for ever."""
        while True:
            await asyncio.sleep(SWEEP * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
            with contextlib.suppress(PgTideError):
                for outbox_id in await self._catalog.to_sweep(SWEEP):
                    await self._sweep(outbox_id)
                await self._catalog.sweep_dead_letters()

    async def _sweep(self, outbox_id: int) -> None:
        try:
            await self._catalog.sweep(outbox_id)
            self._unswept.pop(outbox_id, None)
        except PgTideError as error:
            if self._unswept.get(outbox_id) != error.message:
                logger.warning("cannot sweep", outbox=outbox_id, reason=error.message)
            self._unswept[outbox_id] = error.message
