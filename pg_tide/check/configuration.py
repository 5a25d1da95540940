"""Whether the options of a pipeline are right, as only a relay can tell: with all they refer to."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pg_tide.check.step import Step, failed, ok, warning
from pg_tide.config import OPTIONS, PipelineConfig
from pg_tide.config.references import resolved
from pg_tide.errors import ConfigurationError, PgTideError
from pg_tide.reference import References, references_in
from pg_tide.route import Router
from pg_tide.stages import Stages
from pg_tide.template import Template

IN_CLEAR = "Refer to it instead, as ${env:NAME}, ${file:/path} or ${secret:NAME}."


class Runnable(NamedTuple):
    """A configuration that a relay could run, and where its messages go."""

    config: PipelineConfig
    route: Router


async def runnable_of(
    options: dict[str, Any], outbox: str, references: References
) -> tuple[Runnable | None, list[Step]]:
    """The configuration, unless it is wrong, and what was found."""
    steps: list[Step] = []
    try:
        PipelineConfig.parse(options)
    except ConfigurationError as error:
        problems = error.problems or (error.message,)
        return None, [failed("options", ConfigurationError(problem)) for problem in problems]
    wanted = references_in(options)
    try:
        config = await references.parse(options)
        made = Runnable(config, Stages.of(config, outbox).route)
    except PgTideError as error:
        name = "references" if wanted and error.reason != "topic_invalid" else "options"
        return None, [failed(name, error)]
    steps.append(ok("options", f"valid, {len(options)} given"))
    if wanted:
        steps.append(ok("references", ", ".join(map(str, wanted))))
    steps += [warning("options", said) for said in config.warnings]
    steps += [warning("options", f"{name}: a secret in clear", IN_CLEAR) for name in clear(options)]
    if config.dry_run:
        steps.append(warning("options", "dry_run: true: nothing is produced"))
    return made, steps


def clear(options: dict[str, Any]) -> Iterator[str]:
    """The options that hold a secret, or a part of one, themselves."""
    for option in OPTIONS:
        value = options.get(option.name)
        if option.secret and value is not None and resolved(str(value), lambda *_: ""):
            yield option.name


def rendered_topics(config: PipelineConfig, outbox: str) -> list[str]:
    """The templates of topics that only a message fills in."""
    texts = [config.topic, *(rule.topic for rule in config.routing.rules)]
    known = {"outbox": outbox}
    return [
        text
        for text in texts
        if text is not None and Template(text, "topic", known).constant is None
    ]
