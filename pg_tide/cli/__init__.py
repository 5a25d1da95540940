"""The command line: `pg-tide` runs the relay, and each other command has a file here.

Exit codes: 0 stopped when asked, 1 failed while running, 2 configuration or usage, 3 the
environment (database unreachable at start, schema missing or too new, port busy).
"""

from pg_tide.cli.check import check
from pg_tide.cli.dead_letters import dead_letters
from pg_tide.cli.demo import demo
from pg_tide.cli.migrate import migrate
from pg_tide.cli.options import options
from pg_tide.cli.preview import preview
from pg_tide.cli.relay import relay
from pg_tide.cli.secret import secret
from pg_tide.cli.status import status

for command in (migrate, status, options, check, preview, demo, secret, dead_letters):
    relay.add_command(command)

main = relay

__all__ = ["main"]
