"""How long each step of a Kafka transaction takes by the clock, and what lies between two."""

import functools
import importlib
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.benchmarks.report.figures import percentile

_TRANSACTIONS, _CLIENT = "pg_tide.transactions", "pg_tide.kafka.transactional"
_SENDER = "pg_tide.kafka.coordination"
_BEGIN, _FILL, _COMMIT = "begin", "fill: until all is acknowledged", "commit"
_STEPS = (  # the module, the class, its method; what that is
    ("pg_tide.outbox", "Outbox", "poll", "poll a page"),
    ("pg_tide.ledger", "Ledger", "intend", "write the intent"),
    (_CLIENT, "TransactionalClient", "begin", _BEGIN),
    (_TRANSACTIONS, "Transactions", "_fill", _FILL),
    (_CLIENT, "TransactionalClient", "send", "  a batch of one partition"),
    (_CLIENT, "TransactionalClient", "stamp", "  stamp"),
    (_SENDER, "Coordination", "_do_add_partitions_to_txn", "  asked: add partitions"),
    (_SENDER, "Coordination", "_do_add_offsets_to_txn", "  asked: add offsets"),
    (_SENDER, "Coordination", "_do_txn_offset_commit", "  asked: commit offsets"),
    (_CLIENT, "TransactionalClient", "commit", _COMMIT),
    ("pg_tide.ledger", "Ledger", "confirm", "confirm"),
)
Span = tuple[float, float]


class Spans:
    """From when to when each call of a step took, by its name."""

    def __init__(self) -> None:
        self._found: dict[str, list[Span]] = {name: [] for *_, name in _STEPS}
        self._carried: list[int] = []  # messages of each transaction

    def watch(self) -> None:
        """Note all steps from now on."""
        for module, owner, method, name in _STEPS:
            found = getattr(importlib.import_module(module), owner)
            setattr(found, method, self._noting(getattr(found, method), name))

    def _noting(
        self, step: Callable[..., Awaitable[Any]], name: str
    ) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(step)
        async def noted(*arguments: Any, **named: Any) -> Any:
            if name == _FILL:
                self._carried.append(arguments[1].messages)
            began = time.perf_counter()
            try:
                return await step(*arguments, **named)
            finally:
                self._found[name].append((began, time.perf_counter()))

        return noted

    def report(self) -> str:
        """A line for each step, in milliseconds, and how many messages each transaction had."""
        spans = [span for found in self._found.values() for span in found]
        if not spans:
            return ""
        whole = max(span[1] for span in spans) - min(span[0] for span in spans)
        gaps = zip(self._found[_COMMIT], self._found[_BEGIN][1:], strict=False)
        self._found["between commit and begin"] = [(before[1], after[0]) for before, after in gaps]
        lines = [
            f"{'ms':34} {'count':>6} {'mean':>8} {'p50':>8} {'p95':>8} {'sum':>8}  of the whole",
            *(_line(name, found, whole) for name, found in self._found.items() if found),
        ]
        if self._carried:
            lines.append(f"messages of each transaction: {self._carried}")
        return "\n".join(lines) + "\n\n"


def _line(name: str, spans: list[Span], whole: float) -> str:
    took = [(end - begin) * 1000 for begin, end in spans]
    total = sum(took)
    of_each = (statistics.fmean(took), percentile(took, 50), percentile(took, 95), total)
    figures = " ".join(f"{value:8.2f}" for value in of_each)
    return f"{name:34} {len(took):6} {figures}  {total / whole / 1000:6.1%}"
