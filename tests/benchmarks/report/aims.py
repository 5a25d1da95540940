"""What pg_tide aims at: bounds of figures on a machine of two cores, told beside each."""

from typing import NamedTuple

from tests.benchmarks.report.figures import Figure, written

_BETTER_MORE = {"messages/s", "transactions/s", "%"}
_BETTER_LESS = {"s", "ms", "us", "us/message", "MB", "% of a core", "statements/s", "x"}
_MEMORY = 150.0
PEAK = "relay peak memory"


class Aim(NamedTuple):
    """A bound that a median is meant to keep: at least, or, with `most`, at most."""

    bound: float
    most: bool

    def __str__(self) -> str:
        return f"{'≤' if self.most else '≥'} {written(self.bound)}"

    def met(self, value: float) -> bool:
        """Whether a value keeps it."""
        return value <= self.bound if self.most else value >= self.bound


def least(bound: float) -> Aim:
    """A bound from below."""
    return Aim(bound, most=False)


def most(bound: float) -> Aim:
    """A bound from above."""
    return Aim(bound, most=True)


AIMS: dict[tuple[str, str], Aim] = {
    ("drain", "relay / prototype: rate"): least(90),
    ("drain", "rate"): least(150_000),
    ("drain", "relay CPU"): most(6),
    ("drain_keys", "rate"): least(120_000),
    ("drain_transform", "rate"): least(50_000),
    ("drain_template", "rate"): least(60_000),
    ("latency", "p50"): most(5),
    ("latency", "p99"): most(20),
    ("latency_10k", "p50"): most(10),
    ("latency_10k", "p99"): most(50),
    ("publish", "publish / insert"): least(95),
    ("held_xmin", "publish, end / start"): most(1.3),
    ("held_xmin", "poll, end / start"): most(1.3),
    ("held_xmin", "commit, end / start"): most(1.3),
    ("backlog", "first record after"): most(2),
    ("backlog", "rate / that of a short backlog"): least(90),
    ("idle", "100 pipelines: relay CPU"): most(3),
    ("idle", "100 pipelines: statements"): most(20),
    ("idle", "1 pipeline: relay memory"): most(60),
    ("encode", "envelope"): most(6),
    ("encode", "debezium, insert"): most(6),
    ("encode", "debezium, update with both rows"): most(6),
    ("encode", "maxwell, insert"): most(6),
    ("encode", "maxwell, update with both rows"): most(6),
    ("encode", "kv, insert"): most(6),
    ("encode", "kv, update with both rows"): most(6),
    ("encode", "cdc, insert"): most(6),
    ("encode", "cdc, update with both rows"): most(6),
    ("encode", "cloudevents, structured"): most(6),
    ("encode", "cloudevents, binary"): most(2),
    ("encode", "avro"): most(10),
    ("pipelines", "10: rate / that of one"): least(100),
    ("pipelines", "10: slowest / mean"): least(50),
}


def aim_of(benchmark: str, figure: Figure) -> Aim | None:
    """The bound of a figure, if it has one."""
    if figure.name.endswith(PEAK):
        return most(_MEMORY)
    return AIMS.get((benchmark, figure.name))


def better_more(figure: Figure) -> bool | None:
    """Whether more of it is better; None where neither is."""
    if figure.unit in _BETTER_LESS or figure.name.endswith("CPU"):
        return False
    return True if figure.unit in _BETTER_MORE else None
