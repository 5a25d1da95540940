"""The command line: `pg-tide` runs the relay, and each other command has a file here.

Exit codes: 0 stopped when asked, 1 failed while running, 2 configuration or usage, 3 the
environment (database unreachable at start, schema missing or too new, port busy).
"""

from pg_tide.cli.relay import relay

main = relay

__all__ = ["main"]
