"""A step of a check: what was looked at, the verdict, and what to do where it is not well."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal

from pg_tide.errors import ConfigurationError, PgTideError
from pg_tide.hidden import hide

Verdict = Literal["ok", "warning", "failed"]
SEVERITY: dict[Verdict, int] = {"ok": 0, "warning": 1, "failed": 2}


@dataclass(frozen=True)
class Step:
    """What was looked at, and what was found; `error` is what ended it, if something did."""

    name: str
    verdict: Verdict
    found: str
    hint: str | None = None
    error: PgTideError | None = None


@dataclass(frozen=True)
class Section:
    """Steps that belong together."""

    title: str
    steps: Sequence[Step]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of a step."""
        return max((step.verdict for step in self.steps), key=SEVERITY.__getitem__, default="ok")


def ok(name: str, found: str) -> Step:
    """It is as it should be."""
    return Step(name, "ok", hide(found))


def warning(name: str, found: str, hint: str | None = None) -> Step:
    """It works, and should not be so, or may not work one day."""
    return Step(name, "warning", hide(found), hide(hint))


def failed(name: str, error: PgTideError) -> Step:
    """It does not work."""
    reason = "" if isinstance(error, ConfigurationError) else f"{error.reason}: "
    return Step(name, "failed", hide(f"{reason}{error.message}"), hide(error.hint), error)


async def tried(name: str, look: Awaitable[Step]) -> Step:
    """The step that `look` returns, or the failed one of what it raises."""
    try:
        return await look
    except PgTideError as error:
        return failed(name, error)
