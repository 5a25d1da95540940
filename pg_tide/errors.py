"""Everything that can go wrong, as pg_tide names it. Foreign errors become these at the boundary.

PgTideError
├── TransientError      the same messages again after a wait, for ever: an outage is not poison
├── MessageError        one message's own fault: it can never go as it is
│   └── BatchRefused          some record of a batch's is at fault
├── FatalError          the pipeline stops and says why
│   ├── ConfigurationError    its options are wrong: every problem at once
│   └── Halted                it stopped at a message, as it must
├── LeaseLost           another relay took the pipeline over, or may have: drop everything held
├── SchemaNeeded        an encoder has to be told of a schema first: the same message again then
├── Again               the run begins anew, with what it learned: nothing is wrong with it
└── StartError          the process cannot start here: exit code 3
"""

from collections.abc import Mapping, Sequence
from typing import Any


class PgTideError(Exception):
    """What was wrong, and what to do about it.

    `reason` is a short name that stays the same between releases (`topic_missing`), for
    alerts and metrics; the message speaks to a person, and so does `hint`.
    """

    reason = "error"

    def __init__(self, message: str, *, reason: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if reason is not None:
            self.reason = reason


class TransientError(PgTideError):
    """Something is away or busy and will come back."""

    reason = "unavailable"


class MessageError(PgTideError):
    """This message can never go as it is; `stage` is the stage of the path that refused it.

    `attempts` is how often it was tried.
    """

    reason = "refused"
    attempts = 1

    def __init__(
        self, message: str, *, stage: str, reason: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, reason=reason, hint=hint)
        self.stage = stage


class BatchRefused(MessageError):
    """Brokers take no record of a batch, for the sake of those that they name, by place, or not."""

    named: Mapping[int, MessageError] = {}


class FatalError(PgTideError):
    """Nothing will help but a change by a person."""

    reason = "failed"


class ConfigurationError(FatalError):
    """Options that cannot work; `problems` has a sentence for each, with its path."""

    reason = "configuration"

    def __init__(self, message: str, problems: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class Halted(FatalError):
    """The pipeline stopped before a message that can never go."""

    reason = "halted"


class LeaseLost(PgTideError):
    """This relay no longer runs the pipeline, whatever it holds in memory."""

    reason = "lease_lost"


class Again(PgTideError):
    """A run can not go on as it is, and the next one can: it begins at once."""

    reason = "again"


class SchemaNeeded(PgTideError):
    """An encoder cannot go on before it is told what is `wanted` (schemas.Wanted).

    No fault of the message: whoever can ask a registry does, and has it prepared again.
    """

    reason = "schema_needed"

    def __init__(self, wanted: Any) -> None:
        super().__init__(f"the schema of subject {wanted.subject} is not known yet")
        self.wanted = wanted


class StartError(PgTideError):
    """The environment is not fit to start in: no database, no schema, a busy port."""

    reason = "start"
