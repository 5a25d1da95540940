"""`idle`: what a relay costs that has nothing to do, with one pipeline and with a hundred."""

import time
from functools import partial

from tests.benchmarks.report.figures import Result
from tests.benchmarks.stage.relay import Relay, wait_until
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.benchmarks.stage.statements import Statements
from tests.fixtures.topics import create_topic

_COUNTS = (1, 100)
_SETTLING = 5.0  # seconds, for the last ones to fall asleep
_WELL = "select count(*) from tide.relay_status where state in ('running', 'idle')"
_TRANSACTIONS = "select xact_commit from pg_stat_database where datname = current_database()"
_UNITS = {
    "relay CPU": "% of a core",
    "statements": "statements/s",
    "transactions": "",
    "relay memory": "MB",
    "relay peak memory": "MB",
}


def idle(servers: Servers, seconds: float, runs: int) -> Result:
    """Leave a relay alone for `seconds`, with 1 and with 100 pipelines."""
    statements = Statements(servers)
    result = Result(
        "idle",
        f"One relay with enabled pipelines, each of an outbox and a topic of its own, one of "
        f"{PARTITIONS} partitions, that nobody publishes to; {seconds:.0f} s, from {_SETTLING:.0f} "
        f"s after the last one was ready. CPU is user and system time of the process. Statements "
        f"are those that clients sent by pg_stat_statements, BEGIN and COMMIT among them; "
        f"transactions, a second, by pg_stat_database. Memory is what is resident at the end.",
    )
    for number in _COUNTS:
        _add_pipelines(servers, number)
        with servers.relay() as relay:
            wait_until(partial(_are_well, servers, number), "not all pipelines are well")
            time.sleep(_SETTLING)
            found = [_alone(servers, relay, statements, seconds) for _ in range(runs)]
        told = f"{number} pipeline{'s' if number > 1 else ''}"
        result.add_runs(
            [{f"{told}: {name}": value for name, value in run.items()} for run in found],
            {f"{told}: {name}": unit for name, unit in _UNITS.items()},
        )
    return result


def _are_well(servers: Servers, number: int) -> bool:
    return bool(servers.sql(_WELL) == number)


def _add_pipelines(servers: Servers, number: int) -> None:
    there = servers.sql("select count(*) from tide.relay_status")
    for place in range(there, number):
        name = f"idle-{place}"
        servers.sql("select tide.outbox_create(%s)", name)
        create_topic(servers.kafka.brokers, name, PARTITIONS)
        servers.pipeline(name, name, name)
        servers.sql("select tide.relay_enable(%s)", name)


def _alone(
    servers: Servers, relay: Relay, statements: Statements, seconds: float
) -> dict[str, float]:
    before, transactions = statements.counted().calls, servers.sql(_TRANSACTIONS)
    usage, began = servers.usage(relay.pid), time.monotonic()
    time.sleep(seconds)
    used, took = usage.seconds()["relay"], time.monotonic() - began
    after = servers.sql(_TRANSACTIONS)
    return {
        "relay CPU": used / took * 100,
        "statements": (statements.counted().calls - before) / took,
        "transactions": (after - transactions) / took,
        "relay memory": relay.memory / 1e6,
        "relay peak memory": relay.peak_memory / 1e6,
    }
