"""The chaos run, short and always the same: each kind of fault strikes while messages flow."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos import report
from tests.chaos.faults import FAULTS
from tests.chaos.run import Options, run
from tests.chaos.stage import BOTH
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci

SEED = 5
SECONDS, PACE = 60.0, 2.0
AT_LEAST = 15  # faults, also where the machine is slow


@pytest.mark.timeout(400)
async def test_whatever_strikes_nothing_is_lost(tmp_path: Path) -> None:
    try:
        outcome = await run(Options(SEED, SECONDS, PACE, delivery=BOTH), FAULTS, tmp_path, print)
    except UnavailableError as error:
        skip_unless_ci(error)
    report.show(Console(width=200), outcome, FAULTS)
    assert not outcome.problems
    assert len(outcome.struck) > AT_LEAST
    assert all(verdict.committed > 500 for verdict in outcome.verdicts.values())
