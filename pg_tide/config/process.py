"""The options of the process, `pg-tide` itself: on its command line, or in its environment.

Declared once, as fields with a parser and a text for the default; the command line and the
reference are made from PROCESS_OPTIONS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field

from pg_tide.config import arguments
from pg_tide.config.arguments import Address
from pg_tide.errors import ConfigurationError
from pg_tide.secret import KeySource


class Argument(NamedTuple):
    """Marks a field: how its text is read, its default as text (None: it has none), its kind.

    What only the environment gives is nothing for a command line, which others can see.
    """

    parse: Callable[[str], Any]
    default: str | None = None
    flag: bool = False
    repeatable: bool = False
    environment_only: bool = False


def _direct_url(values: dict[str, Any]) -> str:
    return str(values["postgres_url"])


class ProcessConfig(BaseModel):
    """Every option of the process, with its value or its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgres_url: Annotated[str, Argument(arguments.postgres_url)] = Field(
        description="the database that holds the outboxes, as a URL"
    )
    postgres_direct_url: Annotated[str, Argument(arguments.postgres_url)] = Field(
        default_factory=_direct_url,
        description="the same database past any PgBouncer in transaction mode, for locks and "
        "LISTEN; unset: the same URL",
    )
    relay_group: Annotated[str, Argument(arguments.text, "default")] = Field(
        description="run the pipelines whose option relay_group says this"
    )
    http: Annotated[Address, Argument(arguments.address, "127.0.0.1:9797")] = Field(
        description="where /metrics, /livez and /readyz are served"
    )
    buffer_memory: Annotated[int, Argument(arguments.size, "64MiB")] = Field(
        description="bytes of messages that all pipelines together hold in memory"
    )
    log_format: Annotated[str, Argument(arguments.choice("text", "json"), "text")] = Field(
        description="how the log is written: text or json"
    )
    log_level: Annotated[
        str, Argument(arguments.choice("debug", "info", "warning", "error"), "info")
    ] = Field(description="the least that is logged: debug, info, warning or error")
    shutdown_timeout: Annotated[int, Argument(arguments.seconds, "30")] = Field(
        description="seconds to finish what is in flight when asked to stop"
    )
    pipeline: Annotated[tuple[str, ...], Argument(arguments.text, repeatable=True)] = Field(
        description="run only this pipeline; may be given more than once"
    )
    migrate: Annotated[bool, Argument(arguments.flag, "false", flag=True)] = Field(
        description="install or upgrade the schema first"
    )
    secret_key_file: Annotated[str | None, Argument(arguments.key_file)] = Field(
        None, description="file with the keys of stored secrets, one on each line"
    )
    secret_key: Annotated[str | None, Argument(arguments.keys, environment_only=True)] = Field(
        None,
        repr=False,
        description="keys of stored secrets, with commas between; not for a command line, which "
        "others can see",
    )

    @property
    def secret_keys(self) -> KeySource:
        """Where the keys of stored secrets are found."""
        return KeySource(self.secret_key_file, self.secret_key)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Read texts by field name (a flag may be a bool); ConfigurationError with all problems.

        None counts as not given; a repeatable option takes a sequence, or a text with commas.
        """
        values: dict[str, Any] = {}
        problems = []
        for option in PROCESS_OPTIONS:
            try:
                value = option.read(given.get(option.field))
            except ValueError as error:
                problems.append(f"{option.name}: {error}")
            else:
                values |= {} if value is None else {option.field: value}
        if problems:
            raise ConfigurationError("; ".join(problems), problems)
        return cls.model_validate(values)


@dataclass(frozen=True, slots=True)
class ProcessOption:
    """One option: `field` is its name in ProcessConfig, `default` a text, `env` its variable.

    `name` is how it is written: on the command line, or as a variable if it is only that.
    """

    name: str
    field: str
    env: str
    help: str
    required: bool
    argument: Argument

    def read(self, given: Any) -> Any:
        """Return the value of what was given, or the default's; ValueError where it is wrong."""
        if self.argument.repeatable:
            texts = given.split(",") if isinstance(given, str) else given or ()
            return tuple(self.argument.parse(text.strip()) for text in texts)
        if given is None:
            given = self.argument.default
        if given is None and self.required:
            raise ValueError(f"required; it may also be set as {self.env}")
        return given if given is None or isinstance(given, bool) else self.argument.parse(given)


def _options() -> tuple[ProcessOption, ...]:
    options = []
    for field, declared in ProcessConfig.model_fields.items():
        argument = next(mark for mark in declared.metadata if isinstance(mark, Argument))
        has_default = argument.default is not None or argument.repeatable
        env = "PG_TIDE_" + field.upper()
        options.append(
            ProcessOption(
                name=env if argument.environment_only else "--" + field.replace("_", "-"),
                field=field,
                env=env,
                help=declared.description or "",
                required=declared.is_required() and not has_default,
                argument=argument,
            )
        )
    return tuple(options)


PROCESS_OPTIONS = _options()
