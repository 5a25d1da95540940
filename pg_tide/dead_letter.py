"""What becomes of messages that can not go: put aside, alone or with their key, or a full stop.

Knows which keys are parked: every later message of such a key is put aside too, in order, until
PostgreSQL says that none of them is left. Pure, but for its clock.
"""

import time
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b

from pg_tide.config import PipelineConfig
from pg_tide.errors import Halted, MessageError
from pg_tide.message import KEY_PARKED, Message, Rejected

MINUTE = 60.0
MOST_PARKED_KEYS = 100_000


def digest(key: str) -> bytes:
    """What is kept of a key, which may be long: 128 bits, which no two keys share by chance."""
    return blake2b(key.encode(), digest_size=16).digest()


class DeadLetters:
    """One pipeline's policy, its brake, and its parked keys.

    `lately` is what the brake remembers from run to run: which messages were put aside, and when.
    """

    def __init__(
        self,
        pipeline: str,
        config: PipelineConfig,
        clock: Callable[[], float] = time.monotonic,
        lately: dict[int, float] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._policy = config.dead_letter.policy
        self._most = config.dead_letter.max_per_minute
        self._clock = clock
        self._lately = {} if lately is None else lately
        self._outlasting: set[bytes] = set()  # replayed wholly, but for what was not written yet
        self.unwritten = 0
        """How many messages of parked keys are put aside, yet not in the dead letters."""
        self.parked: dict[bytes, int] = {}
        """By the digest of a parked key: how many of its messages are put aside, yet unwritten."""

    def park(self, keys: Iterable[str]) -> None:
        """These keys are parked, as PostgreSQL says."""
        self.parked.update((digest(key), 0) for key in keys)

    def waits(self, message: Message) -> bool:
        """Whether a message's key is parked."""
        return message.key is not None and digest(message.key) in self.parked

    def put_aside(self, message: Message, error: MessageError, *, replay: bool) -> Rejected:
        """Put a message aside; Halted where the pipeline must stop before it instead.

        One that was put aside before, and is replayed, stays so: that stops nothing.
        """
        if replay:
            return Rejected(message, error)
        if error.reason != KEY_PARKED:
            self._permit(message, error)
        parks = message.key is not None and (self._policy == "park_key" or self.waits(message))
        if parks:
            self._park(message, error)
        return Rejected(message, error, parks)

    def _permit(self, message: Message, error: MessageError) -> None:
        """Take note of a message with an error of its own; Halted if it is one too many."""
        if self._policy == "halt":
            raise halted(message, error)
        now = self._clock()
        while self._lately and next(iter(self._lately.values())) <= now - MINUTE:
            del self._lately[next(iter(self._lately))]
        if not self._most or message.id in self._lately:
            return  # nothing may have come of the run that put it aside
        if len(self._lately) >= self._most:
            self._lately.clear()  # who enables it again has looked
            raise self._brake(message, error)
        self._lately[message.id] = now

    def _park(self, message: Message, error: MessageError) -> None:
        key = digest(message.key or "")
        if key not in self.parked:
            if len(self.parked) >= MOST_PARKED_KEYS:
                raise Halted(
                    f"{MOST_PARKED_KEYS} keys are parked, and {one_too_many(message, error)}",
                    reason="too_many_parked_keys",
                    hint=self._cure,
                )
            self.parked[key] = 0
        self.parked[key] += 1
        self.unwritten += 1

    @property
    def _cure(self) -> str:
        return (
            "Look at tide.dead_letters for what they have in common and put that right; then "
            f"\"SELECT tide.dead_letter_retry_all('{self._pipeline}')\" sends what was put aside, "
            f"and \"SELECT tide.relay_enable('{self._pipeline}')\" goes on."
        )

    def _brake(self, message: Message, error: MessageError) -> Halted:
        return Halted(
            f"{self._most} messages were put aside within a minute (dead_letter.max_per_minute), "
            f"and {one_too_many(message, error)}",
            reason="too_many_dead_letters",
            hint=self._cure,
        )

    def written(self, aside: Iterable[Rejected]) -> bool:
        """These are in the dead letters now; whether some may be replayed at once."""
        at_once = False
        for rejected in aside:
            if rejected.parks and rejected.message.key is not None:
                key = digest(rejected.message.key)
                self.parked[key] -= 1
                self.unwritten -= 1
                if key in self._outlasting:
                    self._outlasting.discard(key)
                    at_once = True
        return at_once

    def replayed(self, keys: Iterable[str], left: Collection[str]) -> None:
        """Messages of these keys had their end, of those `left` others are put aside still.

        A key is released with the last of its messages; one that is not written yet counts.
        """
        for key in set(keys).difference(left):
            known = digest(key)
            if self.parked.get(known) == 0:
                del self.parked[known]
            elif known in self.parked:
                self._outlasting.add(known)


def can_not_go(message: Message, why: str) -> str:
    """Which message can not go, and why."""
    return f'message {message.id} of outbox "{message.outbox}" can not go: {why}'


def one_too_many(message: Message, error: MessageError) -> str:
    """The same, of a message that stops a pipeline which put others aside."""
    return can_not_go(message, f"{error.stage}: {error.reason}: {error.message}")


def halted(message: Message, error: MessageError) -> Halted:
    """The error of a pipeline that stands before a message that can never go."""
    cure = error.hint or "Change the configuration so that the message can go."
    return Halted(
        can_not_go(message, f"{error.stage}: {error.message}"),
        reason=error.reason,
        hint=f"{cure} With dead_letter.policy skip it would be put aside. When the cause is gone "
        "elsewhere, tide.relay_enable() goes on.",
    )


def key_parked(message: Message) -> MessageError:
    """The error of a message that only waits for an earlier one of its key."""
    return MessageError(
        f"an earlier message of key {message.key!r} was put aside: this one waits for it",
        stage="park",
        reason=KEY_PARKED,
    )
