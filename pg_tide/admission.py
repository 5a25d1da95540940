"""Says of each message of a batch whether its records may go, it is put aside, or all must stop.

In poll order: what is put aside for its key's sake depends on what stands before it.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from pg_tide.dead_letter import DeadLetters, key_parked
from pg_tide.errors import Halted, MessageError, SchemaNeeded
from pg_tide.message import Batch, Records, Rejected
from pg_tide.record_size import Limits
from pg_tide.schemas import Wanted
from pg_tide.setbacks import Setbacks
from pg_tide.stages import Errors, Stages

TURN = 0.05  # seconds of preparing in one go


class Topics(Protocol):
    """What admission needs of a producer."""

    @property
    def limits(self) -> Limits:
        """How large records may be."""

    async def learn(self, name: str, *, anew: bool = False) -> None:
        """Have a topic ready; MessageError when no record can go there, or lately could.

        `anew`, it is looked at whatever was so lately.
        """


class Supply(Protocol):
    """What admission needs of a schema registry."""

    async def get(self, wanted: Wanted) -> None:
        """Have a schema where encoders look it up, however long that takes."""

    def look_after(self) -> None:
        """See from time to time whether what encoders know is still so."""


@dataclass(slots=True)
class Admitted:
    """The records of a batch's messages, by place what is put aside, and the records' bytes.

    Where `halted` is set, the batch ends before the message that it speaks of. `parked_late` are
    the keys that were parked for what is on its way before this batch, while it was looked at.
    """

    batch: Batch
    records: Records
    rejected: dict[int, Rejected] = field(default_factory=dict)
    size: int = 0
    halted: Halted | None = None
    parked_late: set[str] = field(default_factory=set)


class Admission:
    """Prepares batches and looks at what comes of them."""

    def __init__(
        self,
        stages: Stages,
        topics: Topics,
        letters: DeadLetters,
        setbacks: Setbacks,
        supply: Supply | None = None,
    ) -> None:
        self._supply = supply
        self._setbacks = setbacks
        self._stages = stages
        self._topics = topics
        self._letters = letters
        self._under_way: list[Admitted] = []

    def park(self, keys: set[str]) -> None:
        """Hold back these keys' messages of batches that are being looked at: all come later."""
        for admitted in self._under_way:
            admitted.parked_late |= keys

    async def admit(self, batch: Batch, fault: MessageError | None = None) -> Admitted:
        """Have the records of a batch, every topic ready, and know what is put aside.

        With a `fault` the batch is one message, which is not looked into any more.
        """
        records: Records = [()]
        errors: Errors = {}
        if fault is None:
            records, errors = await self._prepare(batch)
        else:
            errors[0] = fault
        errors.update(self._setbacks.errors(batch.messages))
        admitted = Admitted(batch, records)
        self._under_way.append(admitted)
        try:
            await self._look(admitted, errors)
            self._hold_back(admitted)
        except Halted as halted:
            admitted.halted = halted
            admitted.batch = batch.before(len(records))
            self._hold_back(admitted)
        finally:
            self._under_way.remove(admitted)
        return admitted

    async def _prepare(self, batch: Batch) -> tuple[Records, Errors]:
        if self._supply is not None:
            self._supply.look_after()
        records, errors = await self._prepare_turn(batch, 0)
        while len(records) < len(batch.messages):
            await asyncio.sleep(0)  # expressions may take a second each: others get a turn
            more, wrong = await self._prepare_turn(batch, len(records))
            records += more
            errors.update(wrong)
        return records, errors

    async def _prepare_turn(self, batch: Batch, begin: int) -> tuple[Records, Errors]:
        """Prepare for one turn; the same messages again once a schema is there that they need."""
        while True:
            try:
                return self._stages.prepare(batch, begin, TURN)
            except SchemaNeeded as needed:
                if self._supply is None:
                    raise
                await self._supply.get(needed.wanted)

    async def _look(self, admitted: Admitted, errors: Errors) -> None:
        batch, parked = admitted.batch, self._letters.parked
        if not (errors or parked or batch.replay) and await self._all_may_go(admitted):
            return
        check = self._topics.limits.check
        known: set[str] = set()
        asked: set[str] = set()
        held: set[str | None] = set()  # keys of which an earlier message of this replay failed
        for place, of_message in enumerate(admitted.records):
            try:
                if errors or parked:
                    self._stop_what_may_not(batch, place, errors, held)
                for record in of_message:
                    if record.topic not in known:
                        # Who has something tried again may just have created its topic.
                        anew = batch.replay and record.topic not in asked
                        asked.add(record.topic)
                        await self._topics.learn(record.topic, anew=anew)
                        known.add(record.topic)
                    admitted.size += check(record)
            except MessageError as error:
                self._put_aside(admitted, place, error)
                if batch.replay and self._letters.waits(batch.messages[place]):
                    held.add(batch.messages[place].key)

    async def _all_may_go(self, admitted: Admitted) -> bool:
        """Whether all is well, seen in one go; what is not is found one by one."""
        records = list(chain.from_iterable(admitted.records))
        try:
            for name in {record.topic for record in records}:
                await self._topics.learn(name)
        except MessageError:
            return False
        size = self._topics.limits.sum(records)
        admitted.size = size or 0
        return size is not None and not self._letters.parked

    def _stop_what_may_not(
        self, batch: Batch, place: int, errors: Errors, held: set[str | None]
    ) -> None:
        message = batch.messages[place]
        if message.key in held if batch.replay else self._letters.waits(message):
            raise key_parked(message)
        if place in errors:
            raise errors[place]

    def _hold_back(self, admitted: Admitted) -> None:
        late = admitted.parked_late
        if not late or admitted.batch.replay:
            return
        for place, message in enumerate(admitted.batch.messages):
            if message.key in late and admitted.records[place]:
                self._put_aside(admitted, place, key_parked(message))

    def _put_aside(self, admitted: Admitted, place: int, error: MessageError) -> None:
        message, replay = admitted.batch.messages[place], admitted.batch.replay
        try:
            admitted.rejected[place] = self._letters.put_aside(message, error, replay=replay)
        except Halted:
            del admitted.records[place:]
            raise
        admitted.records[place] = ()
