"""The commands of `pg-tide`, each imported when it is asked for.

The relay runs for months in little memory: what only a command needs, it must not load.
"""

import importlib

import click

NAMES = (
    "check",
    "dead-letters",
    "demo",
    "migrate",
    "options",
    "preview",
    "secret",
    "status",
)


class Commands(click.Group):
    """A group with a command for each name, found in the module of that name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of all commands."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """A command by its name, or None."""
        if cmd_name not in NAMES:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"pg_tide.cli.{name}"), name)
        return command
