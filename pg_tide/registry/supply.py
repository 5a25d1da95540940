"""Gets the schemas that encoders need, however long the registry is away, and looks after them."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from pg_tide.errors import FatalError, TransientError
from pg_tide.registry.refusals import MissingError, UnavailableError
from pg_tide.retry import Backoff
from pg_tide.schemas import Kind, Schema, Schemas, Version, Wanted

LOOK_AGAIN = 60.0  # seconds after which it is seen whether schemas are still there
UNREGISTERED = 0  # the id of a schema that only would be registered

Report = Callable[[TransientError | FatalError, float], None]


class Source(Protocol):
    """What is needed of a registry."""

    async def register(self, subject: str, kind: Kind, text: str, /) -> Schema:
        """Register a schema, or find it."""

    async def look_up(self, subject: str, kind: Kind, text: str, /) -> Schema | None:
        """Find a schema of a subject."""

    async def version(self, subject: str, version: Version) -> Schema | None:
        """Find a version of a subject."""

    async def has(self, schema_id: int) -> bool:
        """Whether there is a schema with this id."""

    async def is_compatible(self, subject: str, kind: Kind, text: str, /) -> tuple[bool, str]:
        """Whether a subject would take a schema, and why not."""


class Asked(Source, Protocol):
    """The same for a check."""

    @property
    def where(self) -> str:
        """The URL that answered last."""

    async def answers(self) -> None:
        """Ask something that any registry answers to who may use it."""


async def find(source: Source, wanted: Wanted, *, register: bool) -> Schema | None:
    """Return what is wanted of a registry, registering what it does not have, if it may.

    Raises MissingError (a FatalError) where it is not there, and the errors of the source.
    """
    if wanted.text is not None:
        if register:
            return await source.register(wanted.subject, wanted.kind, wanted.text)
        found = await source.look_up(wanted.subject, wanted.kind, wanted.text)
        if found is None:
            raise MissingError(
                f'subject "{wanted.subject}" has no schema like this one, and auto_register is off',
                hint="Register the schema, or set schema_registry.auto_register to true.",
            )
        return found
    found = await source.version(wanted.subject, wanted.version or "latest")
    if found is None and not wanted.optional:
        which = "version" if wanted.version == "latest" else f"version {wanted.version}"
        raise MissingError(
            f'subject "{wanted.subject}" has no {which}',
            hint="Register the schema, or correct wire_config.schema and "
            "schema_registry.subject_name_strategy.",
        )
    return found


async def would_be(source: Source, wanted: Wanted, *, register: bool) -> Schema | None:
    """Return the same without registering: the id of what only would be is UNREGISTERED."""
    try:
        return await find(source, wanted, register=False)
    except MissingError:
        if wanted.text is None or not register:
            raise
    good, words = await source.is_compatible(wanted.subject, wanted.kind, wanted.text)
    if not good:
        raise FatalError(
            f'subject "{wanted.subject}" would refuse the schema as incompatible'
            + (f": {words}" if words else ""),
            reason="schema_incompatible",
        )
    return Schema(UNREGISTERED, wanted.text)


class Supply:
    """Of one run of a pipeline: fills its `schemas` from a registry.

    `report` is told of each error and of how many seconds it waits then.
    """

    def __init__(
        self, source: Source, schemas: Schemas, backoffs: tuple[Backoff, Backoff], report: Report
    ) -> None:
        self._source = source
        self._schemas = schemas
        self._backoff, self._looks = backoffs
        self._report = report
        self._looked = time.monotonic()
        self._looking: asyncio.Task[None] | None = None
        self.register = True
        self.dry = False

    async def get(self, wanted: Wanted) -> None:
        """Have what is wanted in the schemas, whatever it takes: it waits out every error.

        A registry that says no is asked again too: somebody may have put it right.
        """
        find_it = would_be if self.dry else find
        while True:
            try:
                found = await find_it(self._source, wanted, register=self.register)
            except TransientError as error:
                asked = error.wait if isinstance(error, UnavailableError) else 0.0
                pause = max(self._backoff.next(), asked)
                self._report(error, pause)
            except FatalError as error:
                pause = self._looks.next() or float("inf")
                self._report(error, pause)
            else:
                self._backoff.reset()
                self._looks.reset()
                self._schemas.put(wanted, found)
                return
            await asyncio.sleep(pause)

    def look_after(self) -> None:
        """See from time to time, beside the work, whether all that is known is still so."""
        due = time.monotonic() - self._looked > LOOK_AGAIN
        if due and (self._looking is None or self._looking.done()):
            self._looked = time.monotonic()
            self._looking = asyncio.create_task(self.look())

    async def look(self) -> None:
        """Forget schemas that the registry has no more; learn what is the latest version.

        A registry that is away, or says no to this, changes nothing.
        """
        with contextlib.suppress(TransientError, FatalError):
            for schema_id in self._schemas.ids() - {UNREGISTERED}:
                if not await self._source.has(schema_id):
                    self._schemas.forget(schema_id)
            for wanted, known in self._schemas.latest():
                found = await self._source.version(wanted.subject, "latest")
                if found != known and found is not None and not wanted.optional:
                    self._schemas.replace(wanted, found)

    def end(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
