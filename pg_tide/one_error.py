"""Of the errors that end several tasks at once, the one that matters."""

import contextlib
from collections.abc import Iterator

from pg_tide.errors import PgTideError


@contextlib.contextmanager
def one_error() -> Iterator[None]:
    """Of the errors that ended several tasks at once, raise the one that matters most: a bug."""
    try:
        yield
    except BaseExceptionGroup as group:
        errors = list(leaves(group))
        bugs = [error for error in errors if not isinstance(error, PgTideError)]
        raise (bugs or errors)[0] from group


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors in a group, without the groups in between."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
