"""Fixtures that every test may ask for, each written where its server is."""

pytest_plugins = [
    "tests.fixtures.brokers",
    "tests.fixtures.databases",
    "tests.fixtures.secured_kafka",
    "tests.fixtures.tapped_kafka",
]
