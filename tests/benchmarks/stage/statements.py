"""What PostgreSQL itself counts of statements: how many, and how long they took.

By pg_stat_statements, which the servers must have loaded (COUNTING); only what clients send
counts, not what functions run inside.
"""

from typing import NamedTuple

from tests.benchmarks.stage.servers import Servers

_COUNTED = """
    select coalesce(sum(calls), 0)::text || ' ' || coalesce(sum(total_exec_time), 0)::text
      from pg_stat_statements where query ~* %s and query !~ 'pg_stat_'
"""


class Counted(NamedTuple):
    """So many statements, in so many milliseconds."""

    calls: int
    milliseconds: float

    def mean_since(self, before: "Counted") -> float:
        """Return the microseconds that each of the statements since then took."""
        return (self.milliseconds - before.milliseconds) / (self.calls - before.calls) * 1000


class Statements:
    """The statements of a server."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        servers.sql("create extension if not exists pg_stat_statements")

    def counted(self, pattern: str = "") -> Counted:
        """Return those whose text matches a regular expression; by default all."""
        calls, milliseconds = self._servers.sql(_COUNTED, pattern).split()
        return Counted(int(calls), float(milliseconds))
