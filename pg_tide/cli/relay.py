"""`pg-tide`: run the relay until told to stop. The group that all other commands belong to."""

import asyncio
import gc
import os
from typing import Any

import click

from pg_tide import __version__, log
from pg_tide.cli.commands import Commands
from pg_tide.cli.ending import endings
from pg_tide.config.process import PROCESS_OPTIONS, ProcessConfig, ProcessOption
from pg_tide.migrate import migrate
from pg_tide.relay import Relay


def parameter(option: ProcessOption) -> click.Option:
    """A declared option of the process as click takes it."""
    default = option.argument.default
    shown = f"  [{default}]" if default and not option.argument.flag else ""
    return click.Option(
        [option.name, option.field],
        envvar=None if option.argument.repeatable else option.env,  # split at commas, not spaces
        is_flag=option.argument.flag,
        default=None,
        multiple=option.argument.repeatable,
        help=f"{option.help[0].upper()}{option.help[1:]}.{shown}",
    )


@click.group(
    name="pg-tide",
    cls=Commands,
    invoke_without_command=True,
    params=[parameter(one) for one in PROCESS_OPTIONS if not one.argument.environment_only],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="pg-tide")
@click.pass_context
def relay(context: click.Context, /, **given: Any) -> None:
    """Relay outboxes in PostgreSQL to Kafka, until told to stop.

    Without a command it runs every enabled pipeline of its relay group; SIGTERM or Ctrl-C
    drains and exits 0. Each option can also be set in the environment, as PG_TIDE_POSTGRES_URL
    and so on.
    """
    if context.invoked_subcommand is not None:
        log.silence()
        return
    with endings():
        config = ProcessConfig.parse(given | in_environment(given))
        log.configure(config.log_format, config.log_level)
        asyncio.run(run(config))


def in_environment(given: dict[str, Any]) -> dict[str, str]:
    """What the environment says of options that click does not read there."""
    return {
        option.field: os.environ[option.env]
        for option in PROCESS_OPTIONS
        if (option.argument.repeatable and not given[option.field])
        or option.argument.environment_only
        if os.environ.get(option.env)
    }


def collect_rarely() -> None:
    """Tens of thousands of messages are alive at once and die by their counts alone.

    Walking them in search of cycles took a quarter of the time of a full pipeline.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


async def run(config: ProcessConfig) -> None:
    """Run the relay under this process's signals."""
    collect_rarely()
    process = Relay(config)
    process.stop_on_signals()
    if config.migrate:
        for step in await migrate(config.postgres_direct_url):
            log.get("migrate").info("applied", step=step)
    await process.run()
