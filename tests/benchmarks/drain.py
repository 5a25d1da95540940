"""`drain`: how fast a backlog goes, and what that costs."""

import time

from tests.benchmarks import delivery, messages
from tests.benchmarks.arrivals import LOOK, Ends, require_once_each
from tests.benchmarks.delivery import AT_LEAST_ONCE, EXACTLY_ONCE
from tests.benchmarks.figures import Result
from tests.benchmarks.servers import PARTITIONS, Relay, Servers
from tests.fixtures.topics import create_topic, delete_topic

_OUTBOX = "orders"
_UNITS = {
    "rate": "messages/s",
    "first record after": "s",
    "rate after the first record": "messages/s",
    "relay CPU": "us/message",
    "Postgres CPU": "us/message",
    "Kafka CPU": "us/message",
    "relay peak memory": "MB",
}
_OF_TRANSACTIONS = {
    "messages a transaction": "",
    "a transaction": "ms",
    "its intent": "ms",
    "its confirmation": "ms",
}
_UNITS_BY_KIND = {AT_LEAST_ONCE: _UNITS, EXACTLY_ONCE: _UNITS | _OF_TRANSACTIONS}


def drain(servers: Servers, count: int, runs: int, choice: str = AT_LEAST_ONCE) -> Result:
    """Deliver a backlog of `count` messages, `runs` times, by a relay of its own each."""
    servers.sql("select tide.outbox_create(%s)", _OUTBOX)
    messages.load(servers.postgres.url, _OUTBOX, count)
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in delivery.kinds(choice)}
    for kind, number in delivery.in_turn(choice, runs):
        found[kind].append(_run(servers, kind, f"drain-{kind}-{number}", count))
    result = Result(
        "drain",
        f"{count:,} messages of {messages.SIZE} B with {messages.KEYS:,} keys wait in an outbox; "
        f"the pipeline is enabled, with default options (acks=all, idempotent, zstd) and delivery "
        f"{' and '.join(found)}, to a topic of {PARTITIONS} partitions. Timed from there until "
        f"the ends of the partitions that read_committed consumers see grow no more, looking "
        f"every {LOOK * 1000:.0f} ms. CPU is user and system time of the whole process, in the "
        "same span. Exactly the count arrived, each message once, each time.",
    )
    delivery.add(result, found, _UNITS_BY_KIND)
    return result


def _run(servers: Servers, kind: str, name: str, count: int) -> dict[str, float]:
    create_topic(servers.kafka.brokers, name, PARTITIONS)
    servers.pipeline(name, _OUTBOX, name, kind)
    ends = Ends(servers.kafka.brokers, name)
    try:
        with servers.relay() as relay:
            figures = _measure(servers, relay, ends, name, count)
            if kind == EXACTLY_ONCE:
                figures |= _transactions(relay, count)
    finally:
        ends.close()
    require_once_each(servers.kafka.brokers, name, count)
    servers.sql("select tide.relay_delete(%s, true)", name)
    delete_topic(servers.kafka.brokers, name)
    return figures


def _measure(servers: Servers, relay: Relay, ends: Ends, name: str, count: int) -> dict[str, float]:
    grew: list[tuple[float, int]] = []
    used: dict[str, float] = {}

    def note(now: float, found: int) -> None:
        grew.append((now, found))
        if found >= count:  # it may be the end
            used.update(usage.seconds())

    usage = servers.usage(relay)
    began = time.monotonic()
    servers.sql("select tide.relay_enable(%s)", name)
    ends.wait(note, lambda: _pending(servers, name) == 0)
    (first, at_once), (last, _) = grew[0], grew[-1]
    return {
        "rate": count / (last - began),
        "first record after": first - began,
        "rate after the first record": (count - at_once) / (last - first) if last > first else 0.0,
        "relay peak memory": relay.peak_memory / 1e6,
        **{f"{who} CPU": seconds / count * 1e6 for who, seconds in used.items()},
    }


def _transactions(relay: Relay, count: int) -> dict[str, float]:
    """Means over a run."""
    transactions, seconds = relay.stage("transact")
    intents, intending = relay.stage("intend")
    confirmations, confirming = relay.stage("commit")
    return {
        "messages a transaction": count / transactions,
        "a transaction": seconds / transactions * 1000,
        "its intent": intending / intents * 1000,
        "its confirmation": confirming / confirmations * 1000,
    }


def _pending(servers: Servers, name: str) -> int:
    found = servers.sql("select pending from tide.relay_status where pipeline = %s", name)
    return int(found)
