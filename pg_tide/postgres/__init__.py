"""The door to PostgreSQL: connections, short transactions, and every error of theirs as ours."""

from pg_tide.postgres.connection import Connection, connect
from pg_tide.postgres.errors import FATAL, TRANSIENT, mapped, ours
from pg_tide.postgres.pool import Postgres

__all__ = ["FATAL", "TRANSIENT", "Connection", "Postgres", "connect", "mapped", "ours"]
