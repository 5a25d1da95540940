"""Nothing a throw-away server started or wrote may outlive the program that asked for it.

A shell waits at a pipe whose other end only this process holds. When the pipe closes, be it by
`close()` or because this process was killed with SIGKILL, the shell ends the server and deletes
its folders. (A parent-death signal would not do: it fires when the *thread* that started the
server ends, and deletes nothing.)
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

_SHELL = "/bin/sh"
# Arguments: signal, folders. Lines on stdin: the server's pid, or nothing while there is none. A
# server that does not heed the signal for five seconds is killed.
_SCRIPT = """
trap '' INT TERM HUP
ending=$1
shift
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill "-$ending" "$pid"; then
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid"
fi
rm -rf -- "$@"
"""


class Watchdog:
    """Guards one server process at a time, and the folders it lives in.

    `ending` is the signal that makes the server leave at once, cleaning up what is outside of its
    folders. A forked copy of this process keeps the pipe open; programs it executes do not.
    """

    def __init__(self, ending: signal.Signals, *folders: Path) -> None:
        name = ending.name.removeprefix("SIG")
        self._shell = subprocess.Popen(  # noqa: S603 - a constant script, its arguments are ours
            [_SHELL, "-c", _SCRIPT, "pg-tide-watchdog", name, *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath},  # it must find `rm`, whatever ours is
            start_new_session=True,  # a Ctrl-C in the terminal is meant for this process
        )

    def guard(self, pid: int | None) -> None:
        """End this process too, or none, when we are gone."""
        pipe = self._shell.stdin
        if pipe is not None and not pipe.closed:
            pipe.write(b"%d\n" % pid if pid is not None else b"\n")
            pipe.flush()

    def close(self) -> None:
        """End the guarded process and delete the folders; return when both are done."""
        if self._shell.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._shell.stdin.close()
        self._shell.wait()
