"""The verdicts of a check."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from pg_tide import hidden
from pg_tide.catalog import Configured
from pg_tide.check import Section, Step
from pg_tide.check.brokers import broker_steps, met, own_certificate
from pg_tide.check.configuration import clear, rendered_topics
from pg_tide.check.database import where
from pg_tide.check.standing import position, run, unresolved
from pg_tide.check.step import failed, ok, warning
from pg_tide.check.topics import flaws, there
from pg_tide.cli.check import conclusion, document, table
from pg_tide.errors import ConfigurationError, FatalError, PgTideError, TransientError
from pg_tide.kafka import Login, Settings, Tls, settings_of
from pg_tide.kafka.certificate import Certificate
from pg_tide.kafka.inquiry import Described, Greeting, Inquiry
from tests.fixtures.certificates import Certificates
from tests.fixtures.messages import a_config

PIPELINE = Configured(1, "p", 1, "orders", 1, "relay", "{}", enabled=True, revision=1, seek=None)
GOOD = {"max.message.bytes": "1048588", "min.insync.replicas": "2", "cleanup.policy": "delete"}


@pytest.fixture
def nothing_hidden() -> Iterator[None]:
    """Let what a test has learned to hide be forgotten after it."""
    before = dict(hidden._known)  # noqa: SLF001 - to put it back
    yield
    hidden._known.clear()  # noqa: SLF001 - above
    hidden._known.update(before)  # noqa: SLF001 - above


def a_topic(**changes: object) -> Described:
    told: dict[str, object] = {
        "partitions": 6,
        "replicas": 3,
        "in_sync": 3,
        "may_write": True,
        "configs": GOOD,
    }
    return Described("orders", **{**told, **changes})  # type: ignore[arg-type]


def verdicts(topic: Described, **options: object) -> list[tuple[str, str]]:
    return [(step.verdict, step.found) for step in flaws("topic", a_config(**options), topic)]


def test_a_topic_without_a_flaw() -> None:
    assert verdicts(a_topic()) == []
    step = there("topic", a_topic())
    assert (step.verdict, step.found) == ("ok", "6 partitions, 3 replicas, this user may write")


@pytest.mark.parametrize(
    ("changes", "options", "verdict", "says"),
    [
        ({"leaderless": (1, 4)}, {}, "failed", "no leader for partition 1, 4"),
        ({"partitions": 2}, {"partition_fallback": "2"}, "failed", "partition_missing"),
        ({"replicas": 1, "in_sync": 1}, {}, "failed", "1 of 1 replicas are in sync, 2 are"),
        ({"in_sync": 1}, {}, "failed", "1 of 3 replicas are in sync, 2 are demanded"),
        (
            {"replicas": 1, "in_sync": 1, "configs": {**GOOD, "min.insync.replicas": "1"}},
            {},
            "warning",
            "one replica",
        ),
        ({"configs": {**GOOD, "min.insync.replicas": "1"}}, {}, "warning", "replicas is 1"),
        ({"configs": {}}, {}, "warning", "do not tell max.message.bytes"),
        ({"configs": {**GOOD, "max.message.bytes": "1000"}}, {}, "warning", "is 1000, less than"),
    ],
)
def test_each_flaw_of_a_topic_is_told(
    changes: dict[str, object], options: dict[str, object], verdict: str, says: str
) -> None:
    ((found, said),) = verdicts(a_topic(**changes), **options)
    assert found == verdict
    assert says in said


def test_replicas_matter_to_those_who_wait_for_them() -> None:
    alone = a_topic(replicas=1, in_sync=1)
    assert verdicts(alone, acks="1") == []


def test_what_brokers_do_not_tell_is_a_warning() -> None:
    step = there("topic", a_topic(may_write=None))
    assert step.verdict == "warning"
    assert "do not tell whether this user may write" in step.found


def test_a_compacted_topic_says_what_it_demands() -> None:
    found = there("topic", a_topic(configs={**GOOD, "cleanup.policy": "compact,delete"})).found
    assert "refuse records without a key" in found


def a_greeting(days: float | None = None, *, tls: bool = True) -> Greeting:
    until = None if days is None else datetime.now(UTC) + timedelta(days=days)
    return Greeting(Certificate("our authority", until) if tls else None, ())


def settings(login: Login | None = None) -> Settings:
    made = settings_of(a_config())
    return Settings(**{**vars(made), "login": login})


@pytest.mark.parametrize(
    ("greeting", "verdict", "says"),
    [
        (a_greeting(tls=False), "ok", "without TLS; no login"),
        (a_greeting(15), "ok", 'issued by "our authority"'),
        (a_greeting(13), "warning", "valid until"),
        (a_greeting(), "ok", "any certificate"),
    ],
)
def test_a_certificate_is_told_of_and_that_it_expires_soon(
    greeting: Greeting, verdict: str, says: str
) -> None:
    step = met("b:9092", settings(), greeting, needed=True)
    assert step.name == "broker b:9092"
    assert step.verdict == verdict
    assert says in step.found


def test_who_logged_in_is_told_and_not_with_what() -> None:
    login = Login("SCRAM-SHA-512", "relay", "secret-password")
    found = met("b:9092", settings(login), a_greeting(15), needed=True).found
    assert 'user "relay" logged in by SCRAM-SHA-512' in found
    assert "secret-password" not in found


@pytest.mark.parametrize(
    ("days", "words"), [(13.5, "13 days"), (1.5, "1 day"), (0.5, "0 days"), (-3.0, "0 days")]
)
def test_in_how_many_days_a_certificate_expires(days: float, words: str) -> None:
    found = met("b:9092", settings(), a_greeting(days), needed=True).found
    assert f", expires in {words}; no login" in found


def test_the_certificate_that_is_shown_to_brokers_is_told_of_too(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    tls = Tls(certificate=str(made.client), key=str(made.client_key))
    ours = Settings(**{**vars(settings()), "tls": tls})
    step = met("b:9092", ours, a_greeting(30), needed=True)
    assert step.verdict == "warning"  # those of tests live a day
    assert "; certificate CN=client, valid until 20" in step.found
    assert "tls_client_cert" in (step.hint or "")
    assert not own_certificate(settings())


def test_a_broker_that_others_stand_in_for_is_a_warning() -> None:
    error = TransientError("away", reason="connection_refused", hint="Look.")
    needed = met("b:9092", settings(), error, needed=True)
    spare = met("b:9092", settings(), error, needed=False)
    assert (needed.verdict, spare.verdict) == ("failed", "warning")
    assert needed.found == spare.found == "connection_refused: away"
    assert needed.hint == spare.hint == "Look."


def test_secrets_in_clear_are_found_and_references_are_not() -> None:
    assert list(clear({"sasl_password": "clear", "sasl_username": "u"})) == ["sasl_password"]
    assert list(clear({"sasl_password": "${env:P}-suffix"})) == ["sasl_password"]
    assert list(clear({"sasl_password": "${env:P}", "oauth_client_secret": None})) == []


def test_topics_that_only_messages_fill_in() -> None:
    rules = [{"when": "op == 'delete'", "topic": "gone-{payload.kind}"}]
    config = a_config(topic="{outbox}-all", routing={"rules": rules})
    assert rendered_topics(config, "orders") == ["gone-{payload.kind}"]


def a_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "enabled": True,
        "state": "running",
        "owner": "host:1",
        "pending": 0,
        "pending_is_estimate": False,
        "lag_seconds": 0.0,
        "last_error": None,
        "hint": None,
        "unresolved": 0,
    }
    return row | changes


def test_what_waits_is_told() -> None:
    one = position(PIPELINE, a_row(pending=1)).found
    assert one == 'consumer group "relay": 1 message waits, the oldest for 0 s'
    assert position(PIPELINE, a_row()).found == 'consumer group "relay" has every message'
    waiting = a_row(pending=12_345, pending_is_estimate=True, lag_seconds=61.4)
    found = position(PIPELINE, waiting).found
    assert found == 'consumer group "relay": about 12,345 messages wait, the oldest for 61 s'


def test_a_position_of_another_cluster_fails() -> None:
    step = position(PIPELINE, a_row(pending=None))
    assert step.verdict == "failed"
    assert step.found.startswith("foreign_cluster")


@pytest.mark.parametrize(
    ("changes", "alive", "expected"),
    [
        ({}, 1, [("ok", "host:1 runs it")]),
        ({"owner": None}, 2, [("warning", "none of the 2 live relays runs it")]),
        ({"owner": None}, 0, []),
        ({"owner": None, "enabled": False, "state": "disabled"}, 2, []),
        (
            {"state": "retrying", "last_error": "no_leader: x"},
            1,
            [("ok", "host:1 runs it"), ("warning", "retrying: no_leader: x")],
        ),
    ],
)
def test_who_runs_it(
    changes: dict[str, object], alive: int, expected: list[tuple[str, str]]
) -> None:
    assert [(step.verdict, step.found) for step in run(a_row(**changes), alive)] == expected


def test_transactions_without_a_known_outcome_are_told_of_unless_they_are_under_way() -> None:
    assert list(unresolved(a_row(unresolved=2))) == []
    assert list(unresolved(a_row(owner=None))) == []
    (step,) = unresolved(a_row(owner=None, unresolved=2))
    assert step.verdict == "ok"
    assert "the outcome of 2 transactions is not known" in step.found
    (step,) = unresolved(a_row(owner=None, unresolved=1))
    assert "the outcome of 1 transaction is not known" in step.found


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://app:secret@db.example:6432/shop", "db.example:6432, shop"),
        ("postgresql://app:secret@[::1]/shop?password=secret", "[::1], shop"),
        ("postgresql://u:secret@a:5432,b:5433/shop", "a:5432,b:5433, shop"),
        ("postgresql:///shop?host=/run&password=secret", "/run, shop"),
        ("postgresql://", "the default host, the default database"),
    ],
)
def test_no_more_of_a_url_is_shown_than_where_it_leads(url: str, words: str) -> None:
    assert where(url) == words


@pytest.mark.usefixtures("nothing_hidden")
def test_no_step_shows_a_secret() -> None:
    hidden.learn("hunter2-hunter2")
    error = FatalError("no hunter2-hunter2", reason="x", hint="try hunter2-hunter2")
    for step in (failed("a", error), warning("a", error.message, error.hint), ok("a", str(error))):
        assert "hunter2" not in f"{step.found} {step.hint}"


def test_a_wrong_option_needs_no_reason_in_front() -> None:
    assert failed("options", ConfigurationError("acks: must be")).found == "acks: must be"
    assert failed("broker", FatalError("no", reason="login_refused")).found == "login_refused: no"


SECTIONS = [
    Section("PostgreSQL", [ok("server", "there")]),
    Section("Pipeline", [ok("a", "b"), warning("c", "d", "do this"), Step("e", "failed", "[f]")]),
]


def test_the_worst_step_decides() -> None:
    assert [section.verdict for section in SECTIONS] == ["ok", "failed"]
    assert conclusion(SECTIONS).plain == "1 failed, 1 warning"
    assert conclusion(SECTIONS[:1]).plain == "all is well"


def test_a_table_says_what_to_do() -> None:
    console = Console(width=60, no_color=True)
    with console.capture() as captured:
        console.print(table(SECTIONS[1]))
    said = captured.get()
    assert "do this" in said
    assert "[f]" in said


def test_the_same_as_json() -> None:
    said = json.loads(document(SECTIONS))
    assert said["verdict"] == "failed"
    assert [section["title"] for section in said["sections"]] == ["PostgreSQL", "Pipeline"]
    assert said["sections"][1]["steps"][1] == {
        "step": "c",
        "verdict": "warning",
        "found": "d",
        "hint": "do this",
    }


class Acquainted(Inquiry):
    """Goes to no broker, but knows what each would answer."""

    def __init__(self, answers: dict[str, Greeting | PgTideError]) -> None:
        self._answers = answers

    async def greet(self, broker: str) -> Greeting:
        answer = self._answers[broker]
        if isinstance(answer, PgTideError):
            raise answer
        return answer


AWAY = TransientError("away", reason="connection_refused")


@pytest.mark.parametrize(
    ("answers", "usable", "expected"),
    [
        ({"a:1": AWAY, "b:1": AWAY}, False, {"a:1": "failed", "b:1": "failed"}),
        ({"a:1": ("a:1", "b:1"), "b:1": ("a:1", "b:1")}, True, {"a:1": "ok", "b:1": "ok"}),
        # A name to begin with that no broker advertises can be done without.
        ({"a:1": ("c:1",), "b:1": AWAY, "c:1": ("c:1",)}, True, {"b:1": "warning", "c:1": "ok"}),
        # Of partitions led by a broker that is advertised, nothing would arrive.
        ({"a:1": ("a:1", "c:1"), "b:1": ("a:1",), "c:1": AWAY}, True, {"c:1": "failed"}),
        ({"a:1": ("c:1",), "b:1": ("c:1",), "c:1": AWAY}, False, {"a:1": "ok", "c:1": "failed"}),
    ],
)
async def test_brokers_are_needed_if_they_are_advertised(
    answers: dict[str, PgTideError | tuple[str, ...]], *, usable: bool, expected: dict[str, str]
) -> None:
    known = {
        broker: Greeting(None, answer) if isinstance(answer, tuple) else answer
        for broker, answer in answers.items()
    }
    two = Settings(**{**vars(settings()), "brokers": ("a:1", "b:1")})
    found, steps = await broker_steps(two, Acquainted(known))
    assert found is usable
    assert {
        step.name.removeprefix("broker "): step.verdict for step in steps
    }.items() >= expected.items()
