"""Fixtures that every test may ask for, each written where its server is."""

import os

from hypothesis import settings

from pg_tide.demo import ports

pytest_plugins = [
    "tests.fixtures.brokers",
    "tests.fixtures.databases",
    "tests.fixtures.kafka_cluster",
    "tests.fixtures.readers.connect",
    "tests.fixtures.readers.flink",
    "tests.fixtures.schema_registry",
    "tests.fixtures.secured_kafka",
    "tests.fixtures.tapped_kafka",
    "tests.fixtures.turns",
]

settings.register_profile("brief", settings(), max_examples=25)
settings.register_profile("thorough", max_examples=2000, deadline=None, derandomize=False)
if profile := os.environ.get("HYPOTHESIS_PROFILE"):
    settings.load_profile(profile)


def pytest_configure() -> None:
    """Give each of the processes that share the tests ports of its own.

    Whether a port is free cannot be seen of one that a server is to have in a moment, or again.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first, last = ports._FIRST, ports._LAST  # noqa: SLF001 - the program itself has no such choice
    share = (last - first) // workers
    ports._FIRST = first + worker * share  # noqa: SLF001
    ports._LAST = ports._FIRST + share - 1  # noqa: SLF001
