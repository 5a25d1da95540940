"""The one way by which batches go to Kafka: prepared, looked at, handed over, and in flight."""

import asyncio
import time
from dataclasses import dataclass, field

from pg_tide.admission import Admission, Admitted
from pg_tide.caution import Caution
from pg_tide.delivery import Delivery
from pg_tide.dry_run import DryRun
from pg_tide.errors import Halted, MessageError
from pg_tide.in_flight import Entry, InFlight
from pg_tide.late_refusals import LateRefusals
from pg_tide.message import Batch
from pg_tide.metrics import Meter
from pg_tide.pace import Pace
from pg_tide.producer import Producer
from pg_tide.settling import Settling
from pg_tide.transactions import Transactions


@dataclass
class Handover:
    """Of one pipeline. `turn` is of whoever hands over what was read, or keeps that from going."""

    admission: Admission
    producer: Producer | DryRun
    in_flight: InFlight
    settling: Settling
    refusals: LateRefusals
    caution: Caution
    pace: Pace | None
    meter: Meter
    transactions: Transactions | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(
        self, batch: Batch, fault: MessageError | None = None, *, more: bool = False
    ) -> Halted | None:
        """Prepare a batch and send it, or the part of it in front of one that stops all.

        With `more` behind it, its last records may wait for those to go with.
        """
        began = time.perf_counter()
        admitted = await self.admission.admit(batch, fault)
        self.meter.stage("prepare", began)
        filtered = admitted.records.count(()) - len(admitted.rejected)
        if self.pace is not None and not batch.replay:
            self.pace.give(filtered + len(admitted.rejected))
        # What was being looked at when the pipeline stopped does not go any more.
        stopped = self.in_flight.closed or self.refusals.stuck.is_set()
        if admitted.batch.messages and not stopped:
            self._go(admitted, filtered, more=more)
            if batch.replay or self.settling.at_once.is_set():
                self.hurry()
        return admitted.halted

    def _go(self, admitted: Admitted, filtered: int, *, more: bool) -> None:
        batch, records = admitted.batch, admitted.records
        with_others = self.transactions is not None  # its end is that of a transaction
        sent = Delivery(1) if with_others else self.producer.produce(records, more=more)
        entry = Entry(batch, records, sent, filtered, admitted.rejected, admitted.size)
        self.in_flight.add(entry)
        self.settling.expect()
        if self.transactions is not None:
            self.transactions.add(entry)

    @property
    def at_most(self) -> int:
        """How many messages may go together."""
        most = self.in_flight.max_messages
        return most if self.transactions is None else min(most, self.transactions.at_most)

    def hurry(self) -> None:
        """Let nothing linger that is here now: nothing more comes for it to wait for."""
        (self.transactions or self.producer).hurry()

    async def send_alone(self, batch: Batch) -> Halted | None:
        """Send a message that may be what ended the process before, and see whether it does."""
        with self.settling.hurrying():
            self.hurry()
            await self.settling.all_settled()
            fault = await self.caution.fault(batch.messages[0], replay=batch.replay)
            return await self.caution.outlive(self._send_and_settle(batch, fault))

    async def _send_and_settle(self, batch: Batch, fault: MessageError | None) -> Halted | None:
        halted = await self.send(batch, fault)
        await self.settling.all_settled()
        return halted
