"""What was put aside and shall be tried again: in order, and its keys are free behind the last."""

from dataclasses import dataclass

from pg_tide.dead_letter import DeadLetters
from pg_tide.handover import Handover
from pg_tide.message import Batch
from pg_tide.outbox import Outbox

TOGETHER = 2000  # messages: only when they are settled come the next


@dataclass
class Replay:
    """Of one pipeline."""

    outbox: Outbox
    handover: Handover
    letters: DeadLetters

    async def run(self) -> None:
        """Send what there is, whenever it is told that there may be some."""
        settling = self.handover.settling
        while True:
            await settling.replay.wait()
            settling.replay.clear()
            batch = await self._batch()
            if not batch.messages:
                await self.handover.caution.over()
            elif not batch.full and self.letters.parked:
                await self._release()

    async def _batch(self) -> Batch:
        """Send a batch, if there is any; returns it when its messages have their end."""
        handover = self.handover
        await handover.producer.ready()
        most = 1 if handover.caution.replays else min(TOGETHER, handover.at_most)
        if handover.pace is not None:
            most = min(most, await handover.pace.turn())
        # Who waits for room may wait for one that waits for this.
        batch = await self.outbox.retries(most, handover.in_flight.free)
        if batch.messages:
            handover.in_flight.take(batch)
            if handover.pace is not None:
                handover.pace.spend(len(batch.messages))
            handover.settling.replayed.clear()
            await self._send(batch)
            # Until it has settled, PostgreSQL would give the same again.
            await handover.settling.replayed.wait()
        return batch

    async def _send(self, batch: Batch) -> None:
        if self.handover.caution.replays:
            async with self.handover.turn:
                await self.handover.send_alone(batch)
        else:
            await self.handover.send(batch)

    async def _release(self) -> None:
        """Hand nothing over while the last of what is parked is tried again.

        Else, under load, there would always be another message behind the last.
        """
        async with self.handover.turn:
            with self.handover.settling.hurrying():
                self.handover.hurry()
                await self.handover.settling.all_written()
                while (await self._batch()).messages:
                    pass
