"""A relay is killed at each point of its work, under load: nothing is lost, little is repeated."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures import kill_points
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kill_points import POINTS, points
from tests.fixtures.kill_points_round import Found, Round, die_at, killed_everywhere
from tests.fixtures.operator import Operator
from tests.fixtures.oracle.arrivals import TOPIC, arrivals


async def killed(operator: Operator, wanted: Round, folder: Path) -> Found:
    found = await killed_everywhere(operator, wanted, folder, said=print)
    print(found.verdict, found.repeated)  # noqa: T201 - pytest shows it when the test fails
    assert len(found.causes) == len(wanted.places)
    assert found.put_aside
    found.demand()
    return found


async def test_killed_at_every_point_nothing_is_lost(
    operator: Operator, topic: TopicFactory, tmp_path: Path
) -> None:
    await killed(operator, Round(topic(4, TOPIC)), tmp_path)


async def test_killed_at_every_point_of_a_transaction_nothing_is_seen_twice(
    operator: Operator, topic: TopicFactory, tmp_path: Path
) -> None:
    name = topic(4, TOPIC)
    own = set(points("exactly_once")) - set(points("at_least_once"))
    wanted = Round(
        name, "exactly_once", publishers=4, only=[each for each in POINTS if each in own]
    )
    found = await killed(operator, wanted, tmp_path)
    everything = await asyncio.to_thread(arrivals, operator.brokers, name, "read_uncommitted")
    assert len(everything) > found.verdict.seen, "nobody died inside a transaction"


def test_a_point_that_is_none_is_refused() -> None:
    command = [sys.executable, *kill_points.program("nowhere"), "--version"]
    ended = subprocess.run(command, capture_output=True, check=False, text=True)
    assert ended.returncode == 2
    assert "nowhere" in ended.stderr


def test_a_name_in_the_program_that_leads_nowhere_is_no_point() -> None:
    for point in kill_points.POINTS.values():
        for function in point.functions:
            kill_points.resolve(function)
    with pytest.raises(AttributeError):
        kill_points.resolve("pg_tide.outbox:Outbox.nothing")


async def test_a_point_that_is_never_reached_fails(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fixtures.kill_points_round.REACHED", 0.1)
    with pytest.raises(AssertionError, match='never came to "polled"'):
        await die_at("polled", operator, tmp_path / "log")
