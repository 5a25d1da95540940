"""`pg-tide preview`: what messages would become, record by record."""

import asyncio
from collections.abc import Iterator
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from pg_tide.cli.ending import RUNNING, endings, words
from pg_tide.cli.keys import secret_keys
from pg_tide.cli.url import postgres_url
from pg_tide.cli.visible import visible
from pg_tide.config import PipelineConfig
from pg_tide.encode.decoding import Decoded
from pg_tide.errors import ConfigurationError, PgTideError, TransientError
from pg_tide.exact_json import parse
from pg_tide.message import Message
from pg_tide.preview import Fate, Planned, Preview, Wanted
from pg_tide.preview import preview as look
from pg_tide.secret import KeySource

MOST = 100  # messages at once
ANSWERS = {"any": "any: no key decides it"}
ABSENT = (
    "Its transaction was rolled back or is still open, retention let it go, or it belongs to "
    "another outbox."
)
NULL = Text("null", style="dim")


@click.command()
@click.argument("pipeline")
@click.option(
    "-n",
    "most",
    metavar="N",
    type=click.IntRange(1, MOST),
    default=5,
    show_default=True,
    help="How many of the messages that are next, 1 to 100.",
)
@click.option(
    "--id",
    "ids",
    metavar="ID",
    type=click.IntRange(1, 2**63 - 1),
    multiple=True,
    help="This message instead, delivered or not; may be given more than once.",
)
@click.option(
    "--config",
    "candidate",
    metavar="FILE",
    type=click.File("rb"),
    help="A configuration in JSON to try instead of the stored one; - reads it from standard "
    "input.",
)
@click.option("--full", is_flag=True, help="Do not cut what is longer than a line.")
@secret_keys()
@postgres_url()
def preview(url: str, keys: KeySource, *, candidate: Any, full: bool, **wanted: Any) -> None:
    """Show what messages would become: topic, partition, key, headers and value.

    Takes those that PIPELINE would deliver next. Nothing is produced and the position does not
    move; a running relay does not notice. Exits with 1 when a message is missing or could not go,
    and when the pipeline could not.
    """
    with endings():
        asked = Wanted(**wanted, candidate=configuration(candidate))
        found = asyncio.run(look(url, keys, asked))
        show(found, Console(highlight=False), full=full)
        if not found.well:
            raise SystemExit(RUNNING)


def configuration(file: Any) -> dict[str, Any] | None:
    """The candidate in a file, with nothing wrong with it that can be seen here."""
    if file is None:
        return None
    try:
        candidate = parse(file.read())
    except ValueError as error:
        raise ConfigurationError(f"--config: {file.name} is not JSON: {error}") from None
    PipelineConfig.parse(candidate)
    return dict(candidate)


def show(found: Preview, console: Console, *, full: bool) -> None:
    """Print every message and what it would become, then what holds for all.

    Nothing is cut where it does not go to a terminal.
    """
    for fate in found.fates:
        say(console, title(fate.message))
        for line in lines(fate):
            if full or fate.error or not console.is_terminal:
                say(console, line)
            else:
                console.print(line, no_wrap=True, overflow="ellipsis")
    if found.missing:
        numbers = ", ".join(map(str, found.missing))
        absent = f'outbox "{found.configured.outbox}" has no message {numbers}'
        say(console, Text(absent, style="red"))
        say(console, Text(f"  hint: {ABSENT}"))
    elif not found.fates:
        group, outbox = found.configured.group, found.configured.outbox
        nothing = f'nothing is next: consumer group "{group}" has all of outbox "{outbox}"'
        say(console, Text(nothing))
    for name in found.created:
        say(console, Text(f'topic "{name}" is not there yet; the pipeline would create it'))
    if found.dry_run:
        say(console, Text("the pipeline is a dry run (dry_run): it produces nothing"))
    if found.unasked is not None:
        tell(console, "partitions are not known, the brokers cannot be asked", found.unasked)
    for problem in found.problems:
        would = "wait" if isinstance(problem, TransientError) else "fail"
        tell(console, f"the pipeline would {would}", problem)


def say(console: Console, text: Text) -> None:
    """Print a text as it is, however long."""
    console.print(text, soft_wrap=True)


def tell(console: Console, what: str, error: PgTideError) -> None:
    """Say what is wrong, and what to do about it."""
    say(console, Text(words(f"{what}: {error.reason}: {error.message}"), style="red"))
    if error.hint:
        say(console, Text(f"  hint: {words(error.hint)}"))


def title(message: Message) -> Text:
    """A message in one line."""
    return Text(f"message {message.id}, {message.op}, published {message.published_at}", "bold")


def lines(fate: Fate) -> Iterator[Text]:
    """The lines of a message's records, or the reason that there are none."""
    if fate.error is not None:
        refused = f"{fate.error.stage}: {fate.error.reason}: {fate.error.message}"
        yield line("cannot go", Text(words(refused), style="red"))
        if fate.error.hint:
            yield line("hint", Text(words(fate.error.hint)))
    elif not fate.records:
        yield line("filtered", Text("transform.filter drops it"))
    for planned in fate.records:
        yield from of_record(planned)


def of_record(planned: Planned) -> Iterator[Text]:
    """The lines of one record."""
    record, partition = planned.record, str(planned.partition)
    yield line("topic", Text(record.topic))
    yield line("partition", Text(ANSWERS.get(partition, partition)))
    yield from content("key", record.key, planned.key)
    for index, (name, value) in enumerate(record.headers):
        yield line("" if index else "headers", Text(f"{visible(name)}: ") + shown(value))
    yield from content("value", record.value, planned.value)


def content(label: str, raw: bytes | None, found: Decoded | None) -> Iterator[Text]:
    """The lines of a key or a value; where a schema tells what is in it, that and the schema."""
    if found is None:
        yield line(label, shown(raw))
    else:
        yield line(label, Text(visible(found.text)))
        yield line("", Text(visible(f"by schema {found.schema}"), "dim"))


def line(label: str, content: Text) -> Text:
    """A line with its label in front."""
    return Text.assemble((f"  {label:<11}", "dim"), content)


def shown(value: bytes | None) -> Text:
    """Bytes as a person reads them, and as a terminal can bear; what is no text, in hexadecimal."""
    if value is None:
        return NULL
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = f"0x{value.hex()}"
    return Text(visible(text))
