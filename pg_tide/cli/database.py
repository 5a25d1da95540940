"""A connection to the schema for one command; what SQL refuses is the caller's mistake."""

import contextlib
from collections.abc import AsyncIterator

from pg_tide.errors import ConfigurationError, FatalError
from pg_tide.migrate import Schema, applied_to
from pg_tide.postgres import Connection, connect


@contextlib.asynccontextmanager
async def database(url: str, role: str) -> AsyncIterator[Connection]:
    """Connect; the role is named where the user of the URL may not do what the command does."""
    connection = await connect(url)
    try:
        Schema().verdict(await applied_to(connection))
        yield connection
    except FatalError as error:
        if error.reason == "not_permitted":
            hint = f"Grant {role} to the user of the URL."
            raise FatalError(error.message, reason=error.reason, hint=hint) from error
        if error.reason == "postgres" and error.hint:
            raise ConfigurationError(error.message, hint=error.hint) from error
        raise
    finally:
        await connection.close()
