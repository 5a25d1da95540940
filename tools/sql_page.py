"""Makes `docs/reference/sql.md` from the files in sql/: what they define, and how they fail."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

SQL = Path(__file__).resolve().parent.parent / "sql"

_HEAD = """\
<!-- Generated from sql/ by "make generate". -->
# The SQL interface

Everything is in the schema `tide`. In psql, `\\df+ tide.*` and `\\d+ tide.relay_status` show the
same. A function whose name begins with an underscore belongs to the relay and may change with any
release; those on this page keep their signatures.
"""

_SECTIONS = {
    "outbox_publish": ("Publishing", "Called by applications, in their own transactions."),
    "outbox_": ("Outboxes", "Streams of messages, and how long they are kept."),
    "relay_": ("Pipelines", "What goes where, as the relay runs it."),
    "consumer_group_": ("Consumer groups", "Readers of an outbox, each with a position."),
    "dead_letter_": (
        "Dead letters",
        "What shall become of messages that were put aside; the view `tide.dead_letters` has them.",
    ),
    "secret_": (
        "Secrets",
        "Values that pipelines refer to as ${secret:NAME}; `pg-tide secret` encrypts them first.",
    ),
}

_ROLES = {
    "tide_publisher": "calls the functions under *Publishing*; reads nothing",
    "tide_relay": "what the relay logs in as: reads every table and view, calls "
    "`tide.outbox_sweep` and the relay's own functions; configures nothing",
    "tide_admin": "calls every function on this page and reads the views",
    "tide_viewer": "reads the views, with secrets masked",
}

# By the name or code that functions raise: the SQLSTATE, and what it says.
_STATES = {
    "invalid_parameter_value": ("22023", "an argument has a value that does not fit"),
    "null_value_not_allowed": ("22004", "an argument must not be null"),
    "array_subscript_error": ("2202E", "arrays differ in length, or have several dimensions"),
    "invalid_name": ("42602", "a name is empty, too long, or has characters it must not have"),
    "undefined_object": (
        "42704",
        "there is no outbox, pipeline, consumer group or secret of that name, no such dead letter",
    ),
    "duplicate_object": ("42710", "there is one of that name already"),
    "dependent_objects_still_exist": ("2BP01", "what is to be dropped is in use"),
    "object_not_in_prerequisite_state": (
        "55000",
        "the outbox is disabled; the dead letter is resolved, or waits; no transaction is open",
    ),
    "serialization_failure": ("40001", "it was changed meanwhile: try again"),
    "lock_not_available": ("55P03", "it is in use at this moment: try again"),
    "program_limit_exceeded": (
        "54000",
        "the payload is larger than the outbox takes; too many sets of messages that groups miss",
    ),
    "TD001": ("TD001", "the relay does not hold this consumer group any more"),
    "TD002": ("TD002", "positions and transaction ids are those of another cluster"),
    "TD003": ("TD003", "the transaction is not READ COMMITTED"),
    "TD004": ("TD004", "a message that the relay would put aside is nowhere"),
    "TD005": ("TD005", "a Kafka transaction of the relay's does not follow the one before it"),
}

_ROLES_TEXT = """\
## Roles

`pg-tide migrate` creates them, without login, unless its user may not create roles. Grant them to
users of your own. `PUBLIC` has nothing.
"""

_ERRORS_TEXT = """\
## Errors

Every error names the value it is about and has a hint that says what to do. An error of a publish
is the application's: its transaction is aborted and nothing is written.
"""

_FUNCTION = re.compile(
    r"create or replace function tide\.(\w+)\((.*?)\)\s+(returns .*?)\s*\nlanguage", re.DOTALL
)
_COMMENT = re.compile(r"comment on (?:function|view) tide\..*? is\s+'((?:[^']|'')*)'", re.DOTALL)
_RAISED = re.compile(r"errcode = ([^,;]*)")
_LIST = re.compile(r"\w+ view tide\.(\w+) as\s+select (.*)", re.DOTALL)


class Function(NamedTuple):
    """A function as its file defines it."""

    name: str
    arguments: str
    returns: str
    comment: str


def sql_page() -> str:
    """Return the reference of the SQL interface as Markdown."""
    functions = list(_functions())
    parts = [_HEAD]
    for prefix, (title, introduction) in _SECTIONS.items():
        parts.append(f"## {title}\n\n{introduction}\n")
        chosen = [one for one in functions if _section(one.name) == prefix]
        parts += [_entry(name, list(group)) for name, group in groupby(chosen, attrgetter("name"))]
    parts.append("## Views\n")
    parts += _views(functions)
    parts.append(f"{_ROLES_TEXT}\n{_table(('role', 'may'), _ROLES.items())}")
    parts.append(f"{_ERRORS_TEXT}\n{_table(('SQLSTATE', 'name', 'says'), _states())}")
    return "\n".join(parts)


def _functions() -> Iterator[Function]:
    for path in sorted((SQL / "functions").glob("[a-z]*.sql")):
        text = path.read_text("utf-8")
        comments = _comments(text)
        for (name, arguments, returns), comment in zip(
            _FUNCTION.findall(text), comments, strict=True
        ):
            yield Function(name, arguments, returns, comment)


def _comments(text: str) -> list[str]:
    return [comment.replace("''", "'") for comment in _COMMENT.findall(text)]


def _section(name: str) -> str:
    return next(prefix for prefix in _SECTIONS if name.startswith(prefix))


def _entry(name: str, overloads: list[Function]) -> str:
    bodies = (f"```sql\n{_signature(one)}\n```\n\n{_wrapped(one.comment)}\n" for one in overloads)
    return f"### {name}\n\n" + "\n".join(bodies)


def _signature(one: Function) -> str:
    arguments = textwrap.dedent(one.arguments).strip()
    if "\n" in arguments:
        arguments = f"\n{textwrap.indent(arguments, '  ')}\n"
    return f"tide.{one.name}({arguments}) {one.returns}"


def _views(functions: list[Function]) -> Iterator[str]:
    for path in sorted((SQL / "views").glob("*.sql")):
        text = path.read_text("utf-8")
        found = _LIST.search(text)
        assert found  # noqa: S101 - every file there defines a view
        name, rest = found.groups()
        source = next((one for one in functions if one.name == name), None)
        columns = _of_table(source.returns) if source else list(_columns(rest))
        listed = ", ".join(f"`{column}`" for column in columns)
        meaning, below = _wrapped(_comments(text)[0]), _wrapped(f"Columns: {listed}.")
        yield f"### tide.{name}\n\n{meaning}\n\n{below}\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _of_table(returns: str) -> list[str]:
    """Return the columns of `returns table (...)`."""
    return re.findall(r"^\s+(\w+) ", returns, re.MULTILINE)


def _columns(select_list: str) -> Iterator[str]:
    """Yield the names of a select list's columns, up to the `from` that ends it."""
    depth = 0
    last = ""
    for piece in re.findall(r"\w+|[(),]", select_list):
        depth += (piece == "(") - (piece == ")")
        if depth == 0 and piece in {",", "from"}:
            yield last
        if depth == 0 and piece == "from":
            return
        last = piece


def _states() -> list[tuple[str, str, str]]:
    """Return SQLSTATE, name and meaning of every error that a function raises."""
    texts = [path.read_text("utf-8") for path in (SQL / "functions").glob("*.sql")]
    raised = {
        name
        for text in texts
        for clause in _RAISED.findall(text)
        for name in re.findall(r"'(\w+)'", clause)
    }
    if raised != set(_STATES):
        raise ValueError(
            f"sql_page.py has other errors than sql/functions: {raised ^ set(_STATES)}"
        )
    rows = [(f"`{code}`", f"`{name}`", words) for name, (code, words) in _STATES.items()]
    return sorted(rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
