"""`held_xmin`: whether a snapshot that somebody holds open makes anything slower with time."""

import contextlib
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

from tests.benchmarks.report.figures import Result
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.relay import Relay, wait_until
from tests.benchmarks.stage.servers import PARTITIONS, Servers
from tests.benchmarks.stage.statements import Counted, Statements
from tests.fixtures.topics import create_topic

_NAME = "held"
_RATE, _CLIENTS = 2000, 10
_WARM_UP = 5.0  # seconds, without the snapshot and not counted
_SLICES = 30
_COMPARED = 3  # slices at the start and at the end
_PUBLISH = (
    f"\\set n random(1, {messages.KEYS})\n"
    f"select tide.outbox_publish('{_NAME}', :payload, 'customer-' || :n);\n"
)
_STATEMENTS = {
    "publish": r"tide\.outbox_publish",
    "poll": r"tide\._(open_window|next_page)",
    "commit": r"tide\._commit",
}
_STAGES = ("poll", "commit")
_WAITING = ", as the relay waits"
Costs = dict[str, float]


def held_xmin(servers: Servers, seconds: float) -> Result:
    """Hold a snapshot open for `seconds`, under load."""
    servers.sql("select tide.outbox_create(%s)", _NAME)
    create_topic(servers.kafka.brokers, _NAME, PARTITIONS)
    servers.pipeline(_NAME, _NAME, _NAME)
    servers.sql("select tide.relay_enable(%s)", _NAME)
    with servers.relay() as relay, _publishing(servers, seconds + _WARM_UP * 2):
        time.sleep(_WARM_UP)
        with _snapshot_held(servers):
            slices = list(_slices(Costing(servers, relay), seconds))
            if not servers.sql(
                "select age(backend_xmin) > 0 from pg_stat_activity"
                " where application_name = 'holder'"
            ):
                raise RuntimeError("the snapshot was not held")
        wait_until(lambda: servers.pending(_NAME) == 0, "the relay did not catch up", 120)
        memory = relay.peak_memory
    return _result(seconds, slices, memory)


class Costing:
    """What a publish, a poll and a commit cost since they were last asked for."""

    def __init__(self, servers: Servers, relay: Relay) -> None:
        self._statements = Statements(servers)
        self._relay = relay
        self._before = self._now()

    def take(self) -> Costs:
        """Return the microseconds of each, means, in PostgreSQL and as the relay waits for it."""
        before, self._before = self._before, self._now()
        costs = {name: now.mean_since(before[name]) for name, now in self._before.items()}
        costs["published"] = self._before["publish"].calls - before["publish"].calls
        return costs

    def _now(self) -> Mapping[str, Counted]:
        found = {name: self._statements.counted(text) for name, text in _STATEMENTS.items()}
        for name in _STAGES:
            count, seconds = self._relay.stage(name)
            found[f"{name}{_WAITING}"] = Counted(int(count), seconds * 1000)
        return found


def _slices(costing: Costing, seconds: float) -> Iterator[tuple[float, Costs]]:
    began = time.monotonic()
    for number in range(1, _SLICES + 1):
        end = number * seconds / _SLICES
        time.sleep(max(0.0, began + end - time.monotonic()))
        yield end, costing.take()


def _result(seconds: float, slices: list[tuple[float, Costs]], memory: int) -> Result:
    result = Result(
        "held_xmin",
        f"A transaction holds its snapshot open for {seconds:.0f} s, while pgbench publishes "
        f"{_RATE:,} messages/s of {messages.SIZE} B with {_CLIENTS} clients, one a transaction, "
        f"and a relay with default options delivers them. Costs are means of what "
        f"pg_stat_statements counts for the functions that publish, poll and commit, in each of "
        f"{_SLICES} slices; start and end are the medians of the first and the last {_COMPARED}. "
        f"'As the relay waits' is the same by the relay's own metrics, with all the round trips.",
    )
    names = [name for name in slices[0][1] if name != "published"]
    for name in names:
        first, last = (
            statistics.median(costs[name] for _, costs in some)
            for some in (slices[:_COMPARED], slices[-_COMPARED:])
        )
        result.add(f"{name}, start", "us", first)
        result.add(f"{name}, end", "us", last)
        result.add(f"{name}, end / start", "x", last / first)
        plain = name.removesuffix(_WAITING)
        axis = "us" if plain == name else f"us{_WAITING}"
        result.draw(plain, "s", axis, [(at, costs[name]) for at, costs in slices])
    published = sum(costs["published"] for _, costs in slices) / seconds
    result.add("published", "messages/s", published)
    result.add("relay peak memory", "MB", memory / 1e6)
    return result


@contextlib.contextmanager
def _snapshot_held(servers: Servers) -> Iterator[None]:
    with psycopg.connect(servers.postgres.url, application_name="holder") as holder:
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from tide.outbox")
        yield


@contextlib.contextmanager
def _publishing(servers: Servers, seconds: float) -> Iterator[None]:
    """Publish meanwhile; RuntimeError if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "publish"
        script.write_text(_PUBLISH)
        command = [
            str(servers.postgres.binaries / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--rate={_RATE}"),
            *(f"--client={_CLIENTS}", "--jobs=2", f"--time={round(seconds)}"),
            f"--define=payload={messages.order(1, random.Random(1))}",
            f"--file={script}",
            servers.postgres.url,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            yield
            _, said = process.communicate(timeout=seconds)
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise RuntimeError(f"pgbench failed: {said.decode()}")
