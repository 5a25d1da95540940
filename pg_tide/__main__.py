"""`python -m pg_tide` is `pg-tide`."""

from pg_tide.cli import main

main()
