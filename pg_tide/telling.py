"""Says how a pipeline is: to the log and the metrics when it changes, and back to PostgreSQL.

A relay that does not hold the pipeline any more is refused there, by the epoch.
"""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

from pg_tide.catalog import Catalog
from pg_tide.condition import Condition
from pg_tide.errors import PgTideError
from pg_tide.hidden import hide
from pg_tide.metrics import Meter

AGAIN = 0.5  # seconds before what could not be written is written again


class Telling:
    """How one pipeline is; None while its owner alone knows.

    `epoch` is the one that this relay took it over under, None when it could not.
    """

    def __init__(self, catalog: Catalog, pipeline_id: int, meter: Meter, told: Any) -> None:
        self.condition: Condition | None = None
        self.epoch: UUID | None = None
        self._catalog = catalog
        self._pipeline_id = pipeline_id
        self._meter = meter
        self._log = told
        self._changed = asyncio.Event()

    def report(self, condition: Condition) -> None:
        """Take note of how the pipeline is: log it, count it, and have it written back."""
        self._meter.state(condition.state)
        if condition.reason is not None:
            reason, hint = hide(condition.reason), hide(condition.hint)
            condition = replace(condition, reason=reason, hint=hint)
        if condition == self.condition:
            return
        before, self.condition = self.condition, condition
        self._changed.set()
        if before is not None and (before.state, before.reason) == (
            condition.state,
            condition.reason,
        ):
            return  # only the next try has moved
        if not condition.well:
            self._log.warning(condition.state, reason=condition.reason, hint=condition.hint)
        elif before is not None:
            self._log.info("running again")

    def stand_by(self) -> None:
        """Another relay has it, or may have it, and tells."""
        self.condition = self.epoch = None
        self._meter.state("not owned")

    async def run(self) -> None:
        """Write back what changes, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self.condition is None:
                continue
            try:
                await self._catalog.report(self._pipeline_id, self.condition, self.epoch)
            except PgTideError:
                await asyncio.sleep(AGAIN)
                self._changed.set()
