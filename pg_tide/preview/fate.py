"""What is asked for of a preview, and what it finds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pg_tide.catalog import Configured
from pg_tide.encode.decoding import Decoded
from pg_tide.errors import FatalError, MessageError, PgTideError
from pg_tide.message import Message, Record

Partition = int | Literal["any", "?"]


class Wanted(NamedTuple):
    """Which messages of which pipeline: the next `most`, or those with `ids`.

    `candidate` is a configuration to try instead of the stored one.
    """

    pipeline: str
    most: int
    ids: tuple[int, ...] = ()
    candidate: dict[str, Any] | None = None


@dataclass(frozen=True)
class Planned:
    """A record and its partition: "any" where no key decides it, "?" where brokers do not tell.

    `key` and `value` are what is in them, where a schema tells.
    """

    record: Record
    partition: Partition = "?"
    key: Decoded | None = None
    value: Decoded | None = None


@dataclass(frozen=True)
class Fate:
    """What a message would become: records, none where the filter drops it; or why it cannot go."""

    message: Message
    records: tuple[Planned, ...] = ()
    error: MessageError | None = None


@dataclass(frozen=True)
class Preview:
    """Fates in the order in which messages would go.

    `problems` are what would stop the pipeline or have it wait, whatever the message; `unasked`
    says why the brokers could not be asked, `created` which topics the pipeline would create.
    `missing` are the ids asked for that no message has.
    """

    configured: Configured
    fates: Sequence[Fate]
    problems: Sequence[PgTideError] = ()
    unasked: PgTideError | None = None
    created: Sequence[str] = ()
    missing: Sequence[int] = ()
    dry_run: bool = False

    @property
    def well(self) -> bool:
        """Whether every message is there and would go, or be dropped on purpose.

        Brokers that are only away may be so from here alone.
        """
        locked_out = isinstance(self.unasked, FatalError)
        refused = any(fate.error for fate in self.fates)
        return not (self.problems or self.missing or locked_out or refused)


def topics_of(fates: Iterable[Fate]) -> list[str]:
    """The topics of all records, each once, in order of their names."""
    return sorted({planned.record.topic for fate in fates for planned in fate.records})
