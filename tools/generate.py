"""Writes the files that are made from declarations in the code, or checks that none is stale.

`python -m tools.generate` writes them, with `--check` it fails naming each that would change.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tools.catalogue_sql import catalogue_sql
from tools.cli_page import cli_page
from tools.metrics_page import metrics_page
from tools.options_page import options_page
from tools.sql_page import sql_page

ROOT = Path(__file__).resolve().parent.parent

GENERATED: list[tuple[str, Callable[[], str]]] = [
    ("sql/catalogue.sql", catalogue_sql),
    ("docs/reference/options.md", options_page),
    ("docs/reference/cli.md", cli_page),
    ("docs/reference/metrics.md", metrics_page),
    ("docs/reference/sql.md", sql_page),
]


def stale(root: Path = ROOT) -> list[str]:
    """Return the generated files that are not what the code says now."""
    return [path for path, text in GENERATED if _content(root / path) != text()]


def _content(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main() -> int:
    """Write what is stale, or with --check only name it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where a file is stale")
    only_check = parser.parse_args().check
    texts = dict(GENERATED)
    for path in (paths := stale()):
        if only_check:
            sys.stderr.write(f'{path} is stale: run "make generate"\n')
        else:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(texts[path](), "utf-8")
            sys.stdout.write(f"{path} written\n")
    return 1 if only_check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
