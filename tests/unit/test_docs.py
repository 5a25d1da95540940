"""The documentation says what is true: its links, functions, configurations, metrics, reasons."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pg_tide import kafka, postgres
from pg_tide.config.check import check
from pg_tide.metrics import METRICS
from tests.unit.test_architecture import LAYERS

ROOT = Path(__file__).parents[2]
SQL = ROOT / "sql"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), SQL / "README.md"])

# What begins like a metric and is none: the headers of records, and a topic.
HEADERS = {"pg_tide_outbox", "pg_tide_op", "pg_tide_id", "pg_tide_dedup_key"}
TOPIC = "pg_tide_positions"
SAMPLES = ("_bucket", "_sum", "_count")
# Reasons of a process that does not start, which the exit code tells of.
AT_START = {"port_busy", "schema_newer"}
# Pages are read where nothing can be downloaded, and hosts change.
REGISTRIES = (
    "pypi.org", "pythonhosted.org", "maven.org", "maven.apache.org", "npmjs.org", "docker.io",
    "docker.com", "ghcr.io", "quay.io", "crates.io", "rubygems.org", "proxy.golang.org",
)  # fmt: skip

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LITERAL = re.compile(r"'((?:[^']|'')*)'")


def named(page: Path) -> str:
    """A page's name for a test's title."""
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


def blocks(page: Path, language: str) -> Iterator[str]:
    """A page's blocks of code in a language."""
    for found, text in FENCE.findall(page.read_text("utf-8")):
        if found == language:
            yield text


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page become."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(prose(page))
    }


def defined_in_sql() -> set[str]:
    """Every function, view and table of the schema."""
    texts = [path.read_text("utf-8") for path in SQL.rglob("*.sql") if path.name != "schema.sql"]
    made = re.compile(r"create (?:or replace |unlogged )*\w+ (?:if not exists )?tide\.(\w+)")
    return {name for text in texts for name in made.findall(text)}


def configurations() -> Iterator[tuple[str, str]]:
    """The configurations of pipelines in blocks of SQL, each with its page."""
    for page in PAGES:
        for block in blocks(page, "sql"):
            for statement in block.split(";\n"):
                if "relay_set_outbox(" in statement:
                    texts = LITERAL.findall(statement)
                    yield from ((named(page), text) for text in texts if text.startswith("{"))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_found() -> None:
    found, seen = [ROOT / "README.md"], set[Path]()
    while found:
        page = found.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        paths = (link.partition("#")[0] for link in LINK.findall(prose(page)))
        found += [(page.parent / path).resolve() for path in paths if path and "://" not in path]
    assert set(PAGES) <= seen


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_is_named_in_the_schema_exists(page: Path) -> None:
    named_here = set(re.findall(r"(?<![\w.-])tide\.(\w+)", page.read_text("utf-8")))
    assert named_here - defined_in_sql() == set()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_metrics_that_are_named_exist(page: Path) -> None:
    for name in re.findall(r"pg_tide_\w+", page.read_text("utf-8")):
        base = next((name.removesuffix(end) for end in SAMPLES if name.endswith(end)), name)
        assert name in {*METRICS, *HEADERS, TOPIC} or base in METRICS, name


def test_there_are_configurations() -> None:
    assert {"README.md", "docs/tutorial/first-message.md"} <= {page for page, _ in configurations()}


@pytest.mark.parametrize(("page", "text"), list(configurations()))
def test_configurations_are_valid(page: str, text: str) -> None:
    del page
    # Whatever a reference stands for, it is checked when the relay resolves it.
    assert check(json.loads(text.replace("''", "'"))).problems == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_registry_is_named(page: Path) -> None:
    text = page.read_text("utf-8")
    assert [host for host in REGISTRIES if host in text] == []


def test_every_reason_has_its_row() -> None:
    known = {*postgres.TRANSIENT.values(), *kafka.TRANSIENT.values()}
    fatal = (*postgres.FATAL.values(), *kafka.FATAL.values())
    known |= {reason for reason, _ in (*fatal, *kafka.MESSAGE.values())}
    for path in (ROOT / "pg_tide").rglob("*.py"):
        known |= set(re.findall(r'reason="(\w+)"', path.read_text("utf-8")))
    page = (ROOT / "docs/how-to/troubleshooting.md").read_text("utf-8")
    assert {reason for reason in known - AT_START if f"`{reason}`" not in page} == set()


def test_the_layers_are_those_that_hold() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = text.partition("## Layers")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == [set(layer) for layer in LAYERS]
