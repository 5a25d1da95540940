"""pg_tide: a transactional-outbox relay from PostgreSQL to Apache Kafka."""

from importlib.metadata import version

__version__ = version("pg-tide")
