"""Makes `docs/reference/cli.md` from the commands of `pg-tide` and the options of the process."""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from pg_tide.cli import main
from pg_tide.config.process import PROCESS_OPTIONS, ProcessOption

_HEAD = """\
<!-- Generated from pg_tide/cli and pg_tide/config/process.py by "make generate". -->
# The command line

Without a command, `pg-tide` runs the relay. An option with a variable beside it can also be set in
the environment; the command line wins. `--help` shows the same.
"""

_ENDINGS = """\
## Exit codes

| code | means |
| --- | --- |
| 0 | stopped when asked (SIGTERM, SIGINT), or the command did what it was for |
| 1 | failed while running; `pg-tide status`: a pipeline is failed, halted, retrying or not owned; \
`check` and `preview`: something would not work |
| 2 | wrong usage: an option is missing, unknown or has a value that does not fit |
| 3 | the environment: database unreachable at start, schema missing, older or newer, port busy |

An error is one line on standard error that begins with `pg-tide:`, and often a second one with a
hint.
"""


def cli_page() -> str:
    """Return the reference of the command line as Markdown."""
    rows = [_process_row(option) for option in PROCESS_OPTIONS]
    parts = [_HEAD, f"## pg-tide\n\n{_help(main)}\n"]
    parts.append(_table(("option", "environment", "default", ""), rows))
    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    for title, command in _commands("pg-tide", commands):
        parts.append(f"## {title}\n\n{_help(command)}\n")
        options = (one for one in command.params if one.param_type_name == "option")
        rows = [_row(one) for one in options if not one.hidden]
        if rows:
            parts.append(_table(("option", "environment", "default", ""), rows))
    return "\n".join([*parts, _ENDINGS])


def _commands(before: str, commands: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the commands, those of groups after their group, each with how it is called."""
    for name, command in sorted(commands.items()):
        arguments = (one for one in command.params if one.param_type_name == "argument")
        title = " ".join([before, name, *(one.human_readable_name for one in arguments)])
        yield title, command
        yield from _commands(f"{before} {name}", getattr(command, "commands", {}))


def _help(command: Any) -> str:
    return inspect.cleandoc(command.help)


def _process_row(option: ProcessOption) -> Sequence[str]:
    default = option.argument.default
    shown = "required" if option.required else f"`{default}`" if default else "unset"
    name = "" if option.argument.environment_only else f"`{option.name}`"
    return name, f"`{option.env}`", shown, option.help


def _row(option: Any) -> Sequence[str]:
    variable = f"`{option.envvar}`" if option.envvar else ""
    default = "required" if option.required else "unset"
    if isinstance(option.default, str | int | float) and not option.is_flag:
        default = f"`{option.default}`"
    return f"`{option.opts[0]}`", variable, default, option.help or ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
