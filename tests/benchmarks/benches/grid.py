"""`grid`: how the size of messages and the number of partitions change what a drain does."""

from tests.benchmarks.benches.draining import Backlog, by_prototype, by_relay
from tests.benchmarks.report.figures import Result
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.servers import Servers

_SIZES = (100, 500, 1600, 10_000)  # bytes
_PARTITIONS = (1, 4, 32)
_FEWEST = 1000


def grid(servers: Servers, count: int, runs: int) -> Result:
    """Drain `count` messages, fewer of the larger ones, once for each pair."""
    result = Result(
        "grid",
        f"As drain, without the prototype: {count:,} messages at most, and so few that the "
        f"payloads of none have more than {count * messages.SIZE / 1e6:,.0f} MB together. "
        f"Rates are after the first record, for a drain of few messages is short. Kafka is warm.",
    )
    rates: dict[int, list[tuple[float, float]]] = {partitions: [] for partitions in _PARTITIONS}
    for size in _SIZES:
        fitting = max(_FEWEST, min(count, count * messages.SIZE // size))
        outbox = f"orders-{size}"
        servers.sql("select tide.outbox_create(%s)", outbox)
        messages.load(servers.postgres.url, outbox, fitting, size=size)
        if size == _SIZES[0]:  # Kafka's compiler has to see it first
            by_prototype(servers, Backlog(outbox, fitting, fitting), "grid-warm-up")
        for partitions in _PARTITIONS:
            backlog = Backlog(outbox, fitting, fitting, partitions)
            name = f"grid-{size}-{partitions}"
            found = [by_relay(servers, backlog, f"{name}-{n}").figures for n in range(runs)]
            told = f"{size:,} B, {partitions} partition{'s' if partitions > 1 else ''}"
            rate = [run["rate after the first record"] for run in found]
            result.add(f"{told}: rate", "messages/s", *rate)
            result.add(f"{told}: relay CPU", "us/message", *(run["relay CPU"] for run in found))
            memory = (run["relay peak memory"] for run in found)
            result.add(f"{told}: relay peak memory", "MB", *memory)
            rates[partitions].append((float(size), result.figures[-3].median))
    for partitions, points in rates.items():
        result.draw(f"{partitions} partitions", "bytes a message", "messages/s", points)
    return result
