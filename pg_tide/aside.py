"""Blocking work beside the loop, in a thread of its own that nobody has to wait for.

The loop's own threads find the addresses of brokers, for every pipeline: what may hang, as files
and libraries of others do, must not have one of them. Whoever waits bounds the time.
"""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_given_up: dict[Hashable, Future[Any]] = {}


async def aside(name: Hashable, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises.

    When this is cancelled the work goes on; no other of its name is begun until it has ended.
    """
    while (before := _given_up.get(name)) is not None:
        await asyncio.wait({asyncio.wrap_future(before)})
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()  # from now on nobody can cancel it

    def run() -> None:
        try:
            found = work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(found)

    threading.Thread(target=run, name="aside", daemon=True).start()
    try:
        return await asyncio.wrap_future(done)
    except asyncio.CancelledError:
        _give_up(name, done)
        raise


def _give_up(name: Hashable, done: Future[Any]) -> None:
    def forget(_: object) -> None:
        if _given_up.get(name) is done:
            del _given_up[name]

    _given_up[name] = done
    done.add_done_callback(forget)
