"""`pg-tide options`: every option of a pipeline, as a table."""

import click
from rich.console import Console
from rich.table import Table

from pg_tide.config import option_rows


@click.command()
def options() -> None:
    """Show every option of a pipeline: its type, default and meaning."""
    table = Table(show_lines=False)
    for heading in ("option", "type", "default", "description"):
        table.add_column(heading, no_wrap=heading == "option")
    for row in option_rows():
        table.add_row(*row)
    Console().print(table)
