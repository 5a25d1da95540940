"""The configuration of a pipeline: what the relay works with once nothing is wrong with it."""

from typing import Any, Self

from pydantic import Field, PrivateAttr

from pg_tide.config.check import check
from pg_tide.config.connection import Connection
from pg_tide.config.delivering import Delivering
from pg_tide.config.failing import Failing
from pg_tide.config.keys import Keys
from pg_tide.config.operation import Operation
from pg_tide.config.producing import Producing
from pg_tide.config.references import Resolve
from pg_tide.config.routing import Routing
from pg_tide.config.security import Security
from pg_tide.config.shaping import Shaping
from pg_tide.config.wire import SchemaRegistry, WireConfig
from pg_tide.errors import ConfigurationError


class PipelineConfig(
    Connection,
    Security,
    Producing,
    Delivering,
    Routing,
    Keys,
    Shaping,
    Failing,
    Operation,
):
    """Every option of a pipeline, with its value or its default."""

    wire_config: WireConfig = Field(default_factory=WireConfig)
    schema_registry: SchemaRegistry = Field(default_factory=SchemaRegistry)

    _warnings: tuple[str, ...] = PrivateAttr(())

    @classmethod
    def parse(cls, config: Any, resolve: Resolve | None = None) -> Self:
        """Check a configuration as parsed from JSON; ConfigurationError with every problem.

        `resolve` takes the kind and the name of a reference, and returns what it stands for.
        """
        values, problems, warnings = check(config, resolve)
        if problems:
            raise ConfigurationError("; ".join(problems), problems)
        parsed = cls.model_validate(_nested(values))
        parsed._warnings = tuple(warnings)  # noqa: SLF001 - its own
        return parsed

    @property
    def exactly_once(self) -> bool:
        """Whether each batch is a Kafka transaction."""
        return self.delivery == "exactly_once"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each thing that works and that nobody should do."""
        return self._warnings


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by dotted name as the models nest them, without those that are unset."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        section, dot, name = path.rpartition(".")
        if value is not None:
            (nested.setdefault(section, {}) if dot else nested)[name] = value
    return nested
