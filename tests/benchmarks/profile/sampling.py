"""Runs `pg-tide` and notes every few milliseconds of its CPU time where it is, by stage and line.

`python -m tests.benchmarks.profile.sampling FILE …`: what follows FILE are arguments of `pg-tide`.
The timer counts CPU time of the whole process. Code in C has no lines: it counts for the one that
called it. Each process adds its own report to the file.
"""

import gc
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from tests.benchmarks.profile.spans import Spans

_INTERVAL = 0.004  # seconds of CPU time; the kernel rounds up to its tick
_GARBAGE = "garbage collection"
_DEEPEST = 40
_LINES = 40

# The innermost frame that is here names the stage: the end of its file's name, its functions
# (none: all of them), the stage.
_STAGES: tuple[tuple[str, frozenset[str], str], ...] = (
    ("pg_tide/transform.py", frozenset(), "transform"),
    ("pg_tide/route.py", frozenset(), "route"),
    ("pg_tide/template.py", frozenset(), "route"),
    ("pg_tide/encode/", frozenset(), "encode"),
    ("pg_tide/message.py", frozenset(), "prepare, the rest"),
    ("pg_tide/pipeline.py", frozenset({"prepare"}), "prepare, the rest"),
    ("pg_tide/pipeline.py", frozenset({"admit"}), "check"),
    ("pg_tide/producer.py", frozenset({"check"}), "check"),
    ("pg_tide/partition.py", frozenset(), "partition"),
    ("pg_tide/producer.py", frozenset({"lane_of"}), "partition"),
    ("pg_tide/producer.py", frozenset({"produce"}), "queue"),
    ("pg_tide/lane.py", frozenset({"put", "_acknowledge", "acknowledged"}), "queue"),
    ("pg_tide/lane.py", frozenset({"_fill"}), "append"),
    ("message_accumulator.py", frozenset({"append"}), "append"),
    ("aiokafka/codec.py", frozenset(), "compress"),
    ("message_accumulator.py", frozenset({"_build"}), "build and checksum"),
    ("aiokafka/", frozenset(), "send, the rest of aiokafka"),
    ("asyncio/streams.py", frozenset(), "send, the rest of aiokafka"),
    ("pg_tide/outbox.py", frozenset({"commit"}), "commit"),
    ("pg_tide/ledger.py", frozenset({"intend"}), "write intents"),
    ("pg_tide/ledger.py", frozenset({"confirm"}), "commit"),
    ("pg_tide/transactions/", frozenset(), "transactions"),
    ("kafka/coordination.py", frozenset(), "transactions"),
    ("kafka/transactional.py", frozenset({"begin", "stamp", "commit"}), "transactions"),
    ("pg_tide/outbox.py", frozenset(), "fetch: rows to messages"),
    ("asyncpg/", frozenset(), "fetch: receive and decode"),
    ("selector_events.py", frozenset({"_read_ready__data_received"}), "fetch: receive and decode"),
    ("pg_tide/pipeline.py", frozenset({"account"}), "account"),
    ("pg_tide/metrics.py", frozenset(), "account"),
    ("pg_tide/", frozenset(), "the rest of pg_tide"),
    ("asyncio/", frozenset(), "event loop"),
)


class Samples:
    """Where the program was, counted."""

    def __init__(self) -> None:
        self.stages: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        """Count one sample: the handler of the timer's signal."""
        if frame is None:
            return
        stage = _GARBAGE if frame.f_code is _collected.__code__ else _stage(frame)
        code = frame.f_code
        self.lines[f"{_short(code.co_filename)}:{frame.f_lineno} {code.co_name}"] += 1
        self.stages[stage] += 1

    def report(self) -> str:
        """The stages, and the lines where most samples fell; each sample is so much CPU time."""
        total = self.stages.total()
        parts = [f"{total} samples, each {_INTERVAL * 1000:.0f} ms"]
        for counts in (self.stages, self.lines):
            parts.append("")
            parts += (
                f"{count:6} {count / total:6.1%}  {name}"
                for name, count in counts.most_common(_LINES)
            )
        return "\n".join(parts) + "\n\n"


def _collected(*_: object) -> None:
    """Be called when garbage was collected: a signal that came meanwhile is handled here."""


def _stage(frame: FrameType) -> str:
    found: FrameType | None = frame
    for _ in range(_DEEPEST):
        if found is None:
            break
        filename, name = found.f_code.co_filename, found.f_code.co_name
        for file, names, stage in _STAGES:
            if file in filename and (not names or name in names):
                return stage
        found = found.f_back
    return "everything else"


def _short(filename: str) -> str:
    return "/".join(filename.rsplit("/", 2)[-2:])


def main() -> None:
    """Run the program under the timer, and write the report when it ends."""
    file = Path(sys.argv.pop(1))
    from pg_tide.cli import main as program  # noqa: PLC0415 - importing is not what is measured

    samples, spans = Samples(), Spans()
    spans.watch()
    gc.callbacks.append(_collected)
    signal.signal(signal.SIGPROF, samples.take)
    signal.siginterrupt(signal.SIGPROF, False)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    try:
        program()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        with file.open("a") as report:
            report.write(samples.report() + spans.report())


if __name__ == "__main__":
    main()
