"""Logs: text for people, JSON for machines. Quiet when all is well; one line for each event."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

from pg_tide.hidden import hide_all

# structlog would load rich for tracebacks that are not written here: 3 MB, and a tenth of the time
# that the relay takes to start.
_RICH = sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import structlog  # noqa: E402

if _RICH is None:
    del sys.modules["rich"]

ROOT = "pg_tide"
FIRST = ("timestamp", "level", "event", "pipeline", "reason", "hint")

Event = MutableMapping[str, Any]


def configure(form: str, level: str) -> None:
    """Log to standard error in this form (`text` or `json`), from this level on."""
    colors = sys.stderr.isatty()
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer()]
        if form == "json"
        else [nulls, structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False)]
    )
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        legible,
        hide_all,
        in_order,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    silence()


def silence() -> None:
    """Let libraries say nothing by themselves, in a command as in the relay.

    What they have to say reaches the user as the reason of an error of ours; said again for each
    reconnect, it would drown the log of an outage.
    """
    for library in ("aiokafka", "asyncpg"):
        logging.getLogger(library).propagate = False
        logging.getLogger(library).addHandler(logging.NullHandler())
    logging.getLogger("asyncio").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Whether asyncio has something to say that is not said elsewhere.

    asyncpg forgets a future when the connection by which it cancels a statement is cut.
    """
    error = record.exc_info[1] if record.exc_info else None
    cut = isinstance(error, ConnectionError) and "unexpected connection_lost() call" in str(error)
    return not cut


def legible(_logger: Any, _level: str, event: Event) -> Event:
    """Leave out a hint that there is none of, and write tuples of ours as they write themselves."""
    return {
        name: str(value) if isinstance(value, tuple) else value
        for name, value in event.items()
        if not (name == "hint" and value is None)
    }


def nulls(_logger: Any, _level: str, event: Event) -> Event:
    """Write what is null as SQL and JSON do."""
    return {name: "null" if value is None else value for name, value in event.items()}


def in_order(_logger: Any, _level: str, event: Event) -> Event:
    """Put first what a person looks for first."""
    return {name: event[name] for name in FIRST if name in event} | dict(event)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a part of the program."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"{ROOT}.{name}")
    return logger
