"""The configuration of a pipeline: what the relay works with once nothing is wrong with it."""

from typing import Any, Self

from pg_tide.config.check import check
from pg_tide.config.connection import Connection
from pg_tide.config.operation import Operation
from pg_tide.config.producing import Producing
from pg_tide.config.routing import Routing
from pg_tide.config.shaping import Shaping
from pg_tide.errors import ConfigurationError


class PipelineConfig(Connection, Producing, Routing, Shaping, Operation):
    """Every option of a pipeline, with its value or its default."""

    @classmethod
    def parse(cls, config: Any) -> Self:
        """Check a configuration as parsed from JSON; ConfigurationError with every problem."""
        values, problems = check(config)
        if problems:
            raise ConfigurationError("; ".join(problems), problems)
        return cls.model_validate(_nested(values))


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by dotted name as the models nest them, without those that are unset."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        section, dot, name = path.rpartition(".")
        if value is not None:
            (nested.setdefault(section, {}) if dot else nested)[name] = value
    return nested
