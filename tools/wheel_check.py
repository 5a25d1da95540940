"""Builds the wheel, installs it into an empty environment, and runs `pg-tide migrate` from there.

The SQL and everything else that the program needs must be in it.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from pg_tide.demo.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command, and show what it said if it fails."""
    done = subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Build, install, migrate; exits with what went wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = (sys.executable, "-m", "pip", "--quiet")
        run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("pg_tide-*.whl")
        venv.create(folder / "empty", with_pip=True)
        programs = folder / "empty" / "bin"
        run(programs / "python", "-m", "pip", "--quiet", "install", wheel, cwd=folder)
        with EmbeddedPostgres() as server:
            said = run(programs / "pg-tide", "migrate", "--postgres-url", server.url, cwd=folder)
        sys.stdout.write(f"{wheel.name}: {said.splitlines()[-1]}\n")


if __name__ == "__main__":
    main()
