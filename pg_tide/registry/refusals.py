"""What a schema registry says no with, in our words and its own; nothing of it shows a secret."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from pg_tide.errors import FatalError, PgTideError, TransientError

LONGEST_WAIT = 300.0  # seconds, whatever a Retry-After says
SUBJECT_MISSING, VERSION_MISSING, SCHEMA_MISSING = 40401, 40402, 40403
LOOK_AT_URL = "Look whether schema_registry.url is right and answers from the relay's machine."
LOOK_AT_LOGIN = "Correct schema_registry.username and schema_registry.password, or bearer_token."
_LOOK_AT_SERVER = "Look at the registry's log; the pipeline goes on when it is well."
_BUSY = (408, 425, 429)


class Answer(Protocol):
    """What an HTTP client was told."""

    @property
    def status_code(self) -> int:
        """Its status."""

    @property
    def headers(self) -> Any:
        """Its headers."""

    def json(self) -> Any:
        """Return its content; ValueError where that is no JSON."""


class MissingError(FatalError):
    """The registry has no such subject, version or schema."""

    reason = "schema_missing"


class UnavailableError(TransientError):
    """The registry is away or busy; `wait` is how many seconds it asks to be left alone."""

    reason = "registry_unavailable"
    wait = 0.0


def unavailable(where: str, what: str, hint: str = LOOK_AT_URL) -> UnavailableError:
    """The registry is away."""
    return UnavailableError(f"the schema registry {where} cannot be used: {what}", hint=hint)


def refusal(where: str, answer: Answer, shown: Callable[[str], str]) -> PgTideError:
    """What an answer other than yes means; `shown` takes secrets out of its words."""
    status = answer.status_code
    code, words = _said(answer)
    words = shown(words)[:1000]
    said = f"{words} ({status})" if words else f"it answers {status}"
    if status >= 500 or status in _BUSY:
        error = unavailable(where, said, _LOOK_AT_SERVER)
        error.wait = _wait_of(answer)
        return error
    if status in (401, 403):
        return FatalError(
            f"the schema registry {where} refuses this login: {said}",
            reason="registry_refused",
            hint=LOOK_AT_LOGIN,
        )
    if code in (SUBJECT_MISSING, VERSION_MISSING, SCHEMA_MISSING):
        return MissingError(f"the schema registry {where} has none: {said}")
    if status == 409:
        return FatalError(
            f"the schema registry {where} says that this schema is incompatible: {said}",
            reason="schema_incompatible",
            hint="Change the schema so that consumers can go on reading, or the subject's "
            "compatibility; or write to another subject.",
        )
    if status == 422:
        return FatalError(
            f"the schema registry {where} cannot read this schema: {said}", reason="schema_invalid"
        )
    return FatalError(
        f"there is no schema registry at {where}: {said}",
        reason="registry_refused",
        hint=LOOK_AT_URL,
    )


def _said(answer: Answer) -> tuple[int | None, str]:
    try:
        found: Any = answer.json()
    except ValueError:
        return None, ""
    if not isinstance(found, dict):
        return None, ""
    code = found.get("error_code")
    return code if isinstance(code, int) else None, str(found.get("message") or "")


def _wait_of(answer: Answer) -> float:
    text = answer.headers.get("Retry-After", "0")
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT)  # in this order a NaN is 0
