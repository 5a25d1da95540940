"""A page says truly whether its window is dry, and never stands still."""

import sys
from typing import Any

import pytest

from pg_tide.message import Batch
from pg_tide.outbox import Outbox
from tests.integration.rules.stage import Stage, drain, poll

TWO_MESSAGES = 300  # bytes; one has 200 and a few
FITS_WHOLE = "w.bytes_so_far <= {function}.max_bytes"
FITS_IN_PART = "w.bytes_so_far - w.size < {function}.max_bytes"


class CutByCountAlone(Outbox):
    """Holds a page for the window's last unless it was cut by count."""

    def _batch(self, rows: list[Any], max_messages: int, max_bytes: int) -> Batch:
        assert max_bytes < sys.maxsize
        return super()._batch(rows, max_messages, sys.maxsize)


async def test_a_page_cut_by_bytes_is_not_the_last(stage: Stage) -> None:
    """Held for dry because it has fewer messages than asked for, it closes its window.

    The rest of the window is then done, and lost.
    """
    published = [await stage.publish() for _ in range(5)]
    assert await drain(await stage.reader(), max_bytes=TWO_MESSAGES) == published
    simpler = await stage.reader(CutByCountAlone)
    assert await drain(simpler, max_bytes=TWO_MESSAGES) == published[:2]


@pytest.mark.parametrize("cut_at", [1, 2, 5, 6])
async def test_a_page_cut_by_count_is_not_the_last(stage: Stage, cut_at: int) -> None:
    published = [await stage.publish() for _ in range(5)]
    assert await drain(await stage.reader(), max_messages=cut_at) == published


async def test_a_page_has_at_least_one_message(stage: Stage) -> None:
    """A message larger than a page may be is delivered all the same.

    With pages that hold whole messages only, the first page of a window is empty, its window
    closed, and all of it lost; a later page is empty too, and what is behind it lost.
    """
    published = [await stage.publish(), await stage.publish("x" * 5000), await stage.publish()]
    assert await drain(await stage.reader(), max_bytes=100) == published
    for function in ("_open_window", "_next_page"):
        old, new = (text.format(function=function) for text in (FITS_IN_PART, FITS_WHOLE))
        await stage.simplify(function, {old: new})
    assert await drain(await stage.reader(), max_bytes=TWO_MESSAGES) == published[:1]
    assert await drain(await stage.reader(), max_bytes=100) == []


@pytest.mark.parametrize(("max_messages", "max_bytes"), [(1, 1), (0, 1), (1, 0), (-1, -1)])
async def test_no_limit_is_so_small_that_nothing_comes(
    stage: Stage, max_messages: int, max_bytes: int
) -> None:
    published = [await stage.publish() for _ in range(3)]
    reader = await stage.reader()
    assert await poll(reader, max_messages, max_bytes) == published[:1]
    assert await drain(reader, max_messages, max_bytes) == published[1:]
