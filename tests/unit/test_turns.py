"""Whoever wants to be alone is, and is not kept waiting for ever by those who do not."""

from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

from tests.fixtures.turns import turn

_SECONDS = 10.0


class Visitor:
    """Comes into the room on a thread of its own, and stays until told to go."""

    def __init__(self, name: str, folder: Path, seen: "SimpleQueue[str]", *, alone: bool) -> None:
        self._leave = Event()
        self.inside = Event()

        def visit() -> None:
            with turn(folder, alone=alone):
                seen.put(f"{name} in")
                self.inside.set()
                self._leave.wait(_SECONDS)
                seen.put(f"{name} out")

        self._thread = Thread(target=visit)
        self._thread.start()

    def comes_in(self) -> bool:
        return self.inside.wait(_SECONDS)

    def waits(self) -> bool:
        return not self.inside.wait(0.05)

    def leaves(self) -> None:
        self._leave.set()
        self._thread.join(_SECONDS)


def test_who_is_alone_waits_for_all_others_and_is_not_overtaken(tmp_path: Path) -> None:
    seen: SimpleQueue[str] = SimpleQueue()
    first, second = (Visitor(name, tmp_path, seen, alone=False) for name in ("first", "second"))
    assert first.comes_in()
    assert second.comes_in()
    alone = Visitor("alone", tmp_path, seen, alone=True)
    assert alone.waits()
    late = Visitor("late", tmp_path, seen, alone=False)
    first.leaves()
    assert alone.waits()
    assert late.waits()
    second.leaves()
    assert alone.comes_in()
    assert late.waits()
    alone.leaves()
    assert late.comes_in()
    late.leaves()
    told = [seen.get() for _ in range(seen.qsize())]
    assert told[-4:] == ["alone in", "alone out", "late in", "late out"]
