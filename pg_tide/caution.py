"""Poison that kills the process: found by trying messages alone, each attempt written before it.

A message whose handling ends the process would end every next one too. A relay that takes over
after several such ends, without progress between them, tries the first messages one at a time;
the one that it dies of as often as messages are tried again is put aside unseen.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from pg_tide.config import PipelineConfig
from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.outbox import Outbox

T = TypeVar("T")

ENDS = 2  # of relays, without progress between them, after which messages are tried alone
ALONE = 1000  # messages that are
SURVIVED = 5.0  # seconds after which a message that still waits for Kafka killed nobody


class Caution:
    """Of one run of a pipeline: how many messages are to be tried alone, and each one's tries.

    `alone` are messages that are read, `replays` those that were put aside before.
    """

    def __init__(self, outbox: Outbox, config: PipelineConfig) -> None:
        self._outbox = outbox
        self._most = max(1, config.max_retries)
        suspect = outbox.tried_alone is not None
        self.alone = ALONE if (suspect or outbox.crashes >= ENDS) and not config.dry_run else 0
        self.replays = ALONE if suspect or outbox.crashes else 0
        self._tried = suspect

    async def fault(self, message: Message, *, replay: bool) -> MessageError | None:
        """Take note that a message is about to be tried; its error, if that was too often."""
        if replay:
            self.replays -= 1
        else:
            self.alone -= 1
        self._tried = True
        tries = await self._outbox.attempt(message.id)
        if tries <= self._most:
            return None
        error = MessageError(
            f"the relay's process ended {tries - 1} times while it handled this message alone",
            stage="handle",
            reason="crashed",
            hint="Look in the log of the process for how it ended, and at the message: retry it "
            "only when that is mended.",
        )
        error.attempts = tries - 1
        return error

    async def outlive(self, ended: Awaitable[T]) -> T:
        """Wait until a message that is tried alone has its end.

        One that only waits for Kafka is not counted: an outage is not poison.
        """
        waiting = asyncio.ensure_future(ended)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=SURVIVED)
            if not done:
                await self._outbox.attempt(None)
            return await waiting
        finally:
            waiting.cancel()

    async def over(self) -> None:
        """No message is tried alone any more."""
        self.alone, self.replays = 0, 0
        if self._tried:
            self._tried = False
            await self._outbox.attempt(None)
