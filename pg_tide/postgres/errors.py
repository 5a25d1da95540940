"""Every error of PostgreSQL, and the one of ours that it becomes."""

import contextlib
import os
from collections.abc import Iterator

import asyncpg

from pg_tide.errors import FatalError, LeaseLost, PgTideError, TransientError
from pg_tide.exhausted import exhausted

# SQLSTATEs, or their first two characters. Whatever is not here is a FatalError with its own name.
TRANSIENT = {
    "08": "connection_lost",
    "25006": "standby",  # read_only_sql_transaction
    "25P03": "connection_lost",  # idle_in_transaction_session_timeout
    "40": "conflict",
    "53": "out_of_resources",
    "55P03": "locked",
    "57014": "timeout",
    "57P01": "connection_lost",
    "57P02": "connection_lost",
    "57P03": "starting_up",
    "57P05": "connection_lost",
    "58": "io_error",
}
FATAL = {
    "28": ("login_failed", "Check user, password and pg_hba.conf."),
    "54": ("postgres_limit", "A limit of PostgreSQL itself is exceeded; its words say which."),
    "57P04": ("no_database", "Create the database, or correct the name in the URL."),
    "3D000": ("no_database", "Create the database, or correct the name in the URL."),
    "3F000": ("schema_missing", 'Run "pg-tide migrate".'),
    "42501": (
        "not_permitted",
        "Give the user of the URL that right: a relay needs role tide_relay, migrate needs CREATE.",
    ),
    "42883": ("schema_older", 'Run "pg-tide migrate".'),
    "42P01": ("schema_missing", 'Run "pg-tide migrate".'),
    "TD002": ("foreign_cluster", None),
    "TD004": ("message_gone", None),
    "XX001": ("data_damaged", "PostgreSQL finds its own files damaged: look at its log."),
    "XX002": ("data_damaged", "PostgreSQL finds its own files damaged: look at its log."),
}
# What asyncpg itself does not do: trying again is of no use.
UNSUPPORTED = (
    asyncpg.exceptions.UnsupportedClientFeatureError,
    asyncpg.exceptions.UnsupportedServerFeatureError,
)
LOOK_THERE = "Look whether PostgreSQL is up, and whether host and port of the URL are right."


def ours(error: BaseException) -> PgTideError | None:
    """The error of ours that an error of asyncpg's or of the network stands for."""
    if isinstance(error, asyncpg.PostgresError):
        return _of_server(error)
    if isinstance(error, UNSUPPORTED) or _is_wrong_value(error):
        return FatalError(f"PostgreSQL: {error} ({type(error).__name__})", reason="postgres")
    if isinstance(error, OSError | TimeoutError):
        text = f"PostgreSQL: {_words(error)}"
        lost = TransientError(text, reason="connection_lost", hint=LOOK_THERE)
        return exhausted(error, text) or lost
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return TransientError(f"PostgreSQL: {error}", reason="connection_lost")
    return None


def _is_wrong_value(error: BaseException) -> bool:
    """Whether asyncpg could not even write a value down: its class for that has no public name."""
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _words(error: OSError) -> str:
    """What the system says: asyncio hides "Connection refused" behind an error's number."""
    said = error.strerror or str(error) or "timed out"
    if "connection_lost() call" in said:  # asyncpg's, of a login that was cut
        said = "the server hung up"
    number = error.errno or 0  # of DNS it is below 0
    meant = os.strerror(number) if number > 0 else said
    return said if meant == said else f"{meant}: {said}"


def _of_server(error: asyncpg.PostgresError) -> PgTideError:
    state = error.sqlstate or ""
    text = f"PostgreSQL: {error.args[0] if error.args else type(error).__name__}"
    hint = getattr(error, "hint", None)
    if state == "TD001":
        return LeaseLost(text, hint=hint)
    for key in (state, state[:2]):
        if key in TRANSIENT:
            return TransientError(text, reason=TRANSIENT[key], hint=hint)
        if key in FATAL:
            reason, advice = FATAL[key]
            return FatalError(text, reason=reason, hint=hint or advice)
    return FatalError(f"{text} (SQLSTATE {state})", reason="postgres", hint=hint)


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Raise foreign errors as ours."""
    try:
        yield
    except PgTideError:
        raise
    except Exception as error:
        known = ours(error)
        if known is None:
            raise
        raise known from error
