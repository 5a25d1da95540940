"""What the references of a configuration stand for: ${env:NAME}, ${file:/path}, ${secret:NAME}.

They are looked up here, in the relay, and nowhere else; anew each time, so that what was changed
is seen. An error names the reference and never shows what it stands for.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

from pg_tide import hidden, small_file
from pg_tide.aside import aside
from pg_tide.config import OPTIONS, PipelineConfig
from pg_tide.config.check import check
from pg_tide.config.process import PROCESS_OPTIONS
from pg_tide.errors import FatalError, TransientError
from pg_tide.postgres import Postgres
from pg_tide.secret import Encrypted, KeySource

PATIENCE = 5.0  # seconds for all files of a configuration
OWN = frozenset(option.env for option in PROCESS_OPTIONS) | {"PGPASSWORD", "PGPASSFILE"}


class Wanted(NamedTuple):
    """A reference: its kind (env, file, secret) and what it names."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"${{{self.kind}:{self.name}}}"


class References:
    """Looks up what references stand for, in this process and in the database."""

    def __init__(self, postgres: Postgres, keys: KeySource) -> None:
        self._postgres = postgres
        self._keys = keys

    async def parse(self, config: Any) -> PipelineConfig:
        """Check a configuration with what its references stand for at this moment.

        Raises FatalError with every reference that stands for nothing, ConfigurationError with
        every problem of the values, TransientError when the database or a file system is away.
        """
        wanted = references_in(config)
        found = await self._find(wanted) if wanted else {}
        for one, text in found.items():
            if one.kind != "env":
                hidden.learn(text, str(one))
        parsed = PipelineConfig.parse(config, lambda kind, name: found[Wanted(kind, name)])
        for text in secrets_of(parsed):
            hidden.learn(text)
        return parsed

    async def _find(self, wanted: Sequence[Wanted]) -> Mapping[Wanted, str]:
        stored = await self._stored([name for kind, name in wanted if kind == "secret"])
        look_up = partial(_look_up, wanted, stored, self._keys)
        try:
            async with asyncio.timeout(PATIENCE):
                return await aside(tuple(wanted), look_up)
        except TimeoutError:
            files = ", ".join(str(one) for one in wanted if one.kind == "file")
            raise TransientError(
                f"reading {files or 'the file of keys'} took longer than {PATIENCE:.0f} seconds",
                reason="file_timeout",
                hint="Look whether the file system answers.",
            ) from None

    async def _stored(self, names: list[str]) -> Mapping[str, Encrypted]:
        if not names:
            return {}
        rows = await self._postgres.rows(
            "SELECT name, key_id, ciphertext FROM tide._stored_secrets($1)", names
        )
        return {row["name"]: Encrypted(*row) for row in rows}


def secrets_of(config: PipelineConfig) -> Iterator[str]:
    """Yield the values of the options that are secrets."""
    for option in OPTIONS:
        if option.secret:
            value: Any = reduce(getattr, option.name.split("."), config)
            yield value or ""


def references_in(config: Any) -> list[Wanted]:
    """Return the references that a configuration's options resolve, each once."""
    found: dict[Wanted, None] = {}

    def note(kind: str, name: str) -> str:
        found[Wanted(kind, name)] = None
        return ""

    check(config, note)
    return list(found)


def _look_up(
    wanted: Sequence[Wanted], stored: Mapping[str, Encrypted], keys: KeySource
) -> dict[Wanted, str]:
    """Return what each reference stands for; one FatalError for all that stand for nothing."""
    found: dict[Wanted, str] = {}
    errors: list[FatalError] = []
    for one in wanted:
        try:
            if one.kind == "env":
                found[one] = _of_environment(one.name)
            elif one.kind == "file":
                found[one] = _of_file(one.name, keys)
            else:
                found[one] = _of_secret(one.name, stored, keys)
        except FatalError as error:
            errors.append(FatalError(f"{one}: {error}", reason=error.reason, hint=error.hint))
    if len(errors) > 1:
        said = "; ".join(error.message for error in errors)
        raise FatalError(said, reason=errors[0].reason, hint=errors[0].hint)
    if errors:
        raise errors[0]
    return found


def _of_environment(name: str) -> str:
    if name in OWN:
        raise _missing("that is the relay's own setting, which pipelines do not get")
    text = os.environ.get(name)
    if text is None:
        raise _missing(
            "the environment of this process has no such variable",
            hint=f"Start the relay with {name} set.",
        )
    try:
        return small_file.text(os.fsencode(text))
    except ValueError as error:
        raise _missing(f"the variable {error}") from None


def _of_file(path: str, keys: KeySource) -> str:
    try:
        if keys.file is not None and _is_same(path, keys.file):
            raise _missing("that is the file of the relay's own keys, which pipelines do not get")
        return small_file.read(path)
    except small_file.NotThereError as error:
        hint = "The path is one of the machine that the relay runs on."
        raise _missing(f"the file {error}", hint=hint) from None
    except ValueError as error:
        hint = "It must be a text that the user the relay runs as can read."
        raise _missing(f"the file {error}", hint=hint) from None


def _is_same(path: str, other: str) -> bool:
    """Whether both are one file, by whatever names or links."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)


def _of_secret(name: str, stored: Mapping[str, Encrypted], keys: KeySource) -> str:
    if name not in stored:
        raise _missing(
            "no such secret is stored",
            hint=f'Store it with "pg-tide secret set {name}"; the view tide.secrets lists those '
            "there are.",
        )
    return keys.keys().decrypt(stored[name])


def _missing(what: str, hint: str | None = None) -> FatalError:
    return FatalError(what, reason="reference_missing", hint=hint)
