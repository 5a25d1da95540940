"""The throw-away PostgreSQL and Kafka of `pg-tide demo` and of the tests.

Nothing here is imported by the relay: it needs the `demo` extra, which a production install lacks.
"""
