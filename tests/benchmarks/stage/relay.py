"""A `pg-tide` process under measurement, and how it is waited for."""

import contextlib
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from prometheus_client.parser import text_string_to_metric_families

from pg_tide.demo.ports import free_port
from pg_tide.demo.watchdog import Watchdog
from tests.benchmarks.stage.usage import memory, peak_memory

ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 60.0


class Relay:
    """A `pg-tide` process that is ready to run pipelines."""

    def __init__(self, program: Sequence[str], postgres_url: str, said: IO[bytes]) -> None:
        self._http = f"127.0.0.1:{free_port()}"
        self._said = said
        command = [*program, "--postgres-url", postgres_url, "--http", self._http]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        self._watchdog = Watchdog(signal.SIGKILL)
        self._watchdog.guard(self.pid)
        self._await_ready()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def memory(self) -> int:
        """The bytes that it has resident at this moment."""
        return memory(self.pid)

    @property
    def peak_memory(self) -> int:
        """The most bytes that it has had resident."""
        return peak_memory(self.pid)

    def stage(self, name: str) -> tuple[float, float]:
        """Return how often batches of all its pipelines passed a stage, and in how many seconds."""
        with urllib.request.urlopen(f"http://{self._http}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        found = [
            sample
            for family in families
            for sample in family.samples
            if sample.labels.get("stage") == name
        ]
        count, seconds = (
            sum(sample.value for sample in found if sample.name == f"pg_tide_stage_seconds_{what}")
            for what in ("count", "sum")
        )
        return count, seconds

    def stop(self) -> None:
        """Stop it in order; RuntimeError, with what it said, if it does not end well."""
        self._process.send_signal(signal.SIGTERM)
        if (code := self._process.wait(_SECONDS)) != 0:
            raise self.failure(f"the relay ended with {code}")

    def close(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        self._process.wait()
        self._watchdog.close()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://{self._http}/readyz", timeout=5).close()
                return
            time.sleep(0.02)
        self.close()
        raise self.failure("the relay did not start")

    def failure(self, what: str) -> RuntimeError:
        """Return an error that ends with its last words."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()[-20:]
        return RuntimeError("\n".join([f"{what}; its last words:", *lines]))


def wait_until(done: Callable[[], object], what: str, seconds: float = _SECONDS) -> None:
    """Call `done` until it is true; TimeoutError with `what` when it never is."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
