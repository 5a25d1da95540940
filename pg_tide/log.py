"""Logs: text for people, JSON for machines. Quiet when all is well; one line for each event."""

import logging
import sys

import structlog

ROOT = "pg_tide"


def configure(form: str, level: str) -> None:
    """Log to standard error in this form (`text` or `json`), from this level on."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    # What these have to say reaches the user as the reason of an error of ours; said again for
    # each reconnect, it would drown the log of an outage.
    for library in ("aiokafka", "asyncpg"):
        logging.getLogger(library).propagate = False
        logging.getLogger(library).addHandler(logging.NullHandler())


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a part of the program."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"{ROOT}.{name}")
    return logger
