"""`drain` and its variants: how fast a backlog goes, and what that costs, beside a prototype."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.benches import turns
from tests.benchmarks.benches.draining import (
    UNITS,
    UNITS_OF_TRANSACTIONS,
    Backlog,
    Drained,
    by_prototype,
    by_relay,
)
from tests.benchmarks.benches.turns import AT_LEAST_ONCE, EXACTLY_ONCE, PROTOTYPE
from tests.benchmarks.report.figures import Result, thinned
from tests.benchmarks.stage import messages
from tests.benchmarks.stage.arrivals import LOOK
from tests.benchmarks.stage.servers import PARTITIONS, Servers

_OUTBOX = "orders"
_OF_PROTOTYPE = {
    "rate": "messages/s",
    "rate after the first record": "messages/s",
    "CPU": "us/message",
    "Postgres CPU": "us/message",
    "Kafka CPU": "us/message",
    "peak memory": "MB",
}
_UNITS_BY_KIND = {
    AT_LEAST_ONCE: UNITS,
    EXACTLY_ONCE: UNITS | UNITS_OF_TRANSACTIONS,
    PROTOTYPE: _OF_PROTOTYPE,
}
_COMPARED = ("rate", "rate after the first record", "CPU")


@dataclass(frozen=True, slots=True)
class Variant:
    """A drain: how many keys there are, what is asked of the pipeline beyond its defaults.

    `arrives` is a condition of SQL on the payload.
    """

    told: str
    keys: int = messages.KEYS
    options: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""
    suffixes: tuple[str, ...] = ("",)
    arrives: str = "true"


VARIANTS = {
    "drain": Variant("with default options"),
    "drain_keys": Variant("with default options", keys=100_000),
    "drain_transform": Variant(
        "with a filter that drops a tenth and a projection to six members",
        options={
            "transform.filter": "payload.total >= `1000`",
            "transform.payload": "payload.{id: order_id, customer: customer, city: city, "
            "total: total, currency: currency, skus: items[].sku}",
        },
        arrives="(payload->>'total')::numeric >= 1000",
    ),
    "drain_template": Variant(
        f"with `{{payload.currency}}` in its topic, so {len(messages.CURRENCIES)} topics",
        suffix=".{payload.currency}",
        suffixes=tuple(f".{currency}" for currency in messages.CURRENCIES),
    ),
}


def drain(
    servers: Servers, name: str, count: int, runs: int, choice: str = AT_LEAST_ONCE
) -> Result:
    """Deliver a backlog of `count` messages, `runs` times, by a relay of its own each."""
    variant = VARIANTS[name]
    backlog = _loaded(servers, variant, count)
    by_prototype(servers, backlog, "drain-warm-up")  # Kafka's compiler has to see it first
    kinds = turns.kinds(choice)
    found: dict[str, list[Drained]] = {each: [] for each in (*kinds, PROTOTYPE)}
    for each, number in turns.in_turn(list(found), runs):
        run = f"drain-{each}-{number}"
        drained = (
            by_prototype(servers, backlog, run)
            if each == PROTOTYPE
            else by_relay(servers, backlog, run, each)
        )
        found[each].append(drained)
    return _result(name, variant, backlog, found)


def _loaded(servers: Servers, variant: Variant, count: int) -> Backlog:
    servers.sql("select tide.outbox_create(%s)", _OUTBOX)
    messages.load(servers.postgres.url, _OUTBOX, count, keys=variant.keys)
    arriving = f"select count(*) from tide.message where {variant.arrives}"  # noqa: S608 - ours
    return Backlog(
        _OUTBOX,
        count,
        servers.sql(arriving),
        options=variant.options,
        suffix=variant.suffix,
        suffixes=variant.suffixes,
    )


def _result(
    name: str, variant: Variant, backlog: Backlog, found: Mapping[str, list[Drained]]
) -> Result:
    kinds = [kind for kind in found if kind != PROTOTYPE]
    result = Result(
        name,
        f"{backlog.count:,} messages of {messages.SIZE} B with {variant.keys:,} keys wait in an "
        f"outbox; a pipeline {variant.told} (acks=all, idempotent, zstd) and delivery "
        f"{' and '.join(kinds)} is enabled, to {PARTITIONS} partitions a topic. Timed from there "
        f"until the ends of the partitions that read_committed consumers see grow no more, "
        f"looking every {LOOK * 1000:.0f} ms; connecting is part of it. CPU is user and system "
        f"time of the whole process, in the same span. Exactly the {backlog.arrives:,} that had "
        f"to arrive did, each once, each time. The prototype took turns with the relay: pages of "
        f"5,000 by id, the same records to one topic, batches as large, all without a transform "
        f"or a template; no windows, no lease, no positions, no failures. One run of it came "
        f"before, to warm Kafka up. Ratios are of runs that followed each other.",
    )
    runs = {each: [drained.figures for drained in several] for each, several in found.items()}
    turns.add(result, runs, _UNITS_BY_KIND)
    for kind in kinds:
        told = "relay" if len(kinds) == 1 else kind
        own = [{**run, "CPU": run["relay CPU"]} for run in runs[kind]]
        both = {told: own, PROTOTYPE: runs[PROTOTYPE]}
        turns.add_ratios(result, both, (told, PROTOTYPE), _COMPARED)
    for each, several in found.items():
        name_of_it = "relay" if [each] == kinds else each
        result.draw(name_of_it, "s", "messages", [(0.0, 0.0), *thinned(several[-1].progress)])
    return result
