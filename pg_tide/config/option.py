"""An option as everything else reads it: validation, the SQL catalogue, the reference, --help.

It is declared once, as a field of a pydantic model; the rows here are read off those fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pg_tide.config.rules import Rule

_TYPES = {int: "integer", bool: "boolean", str: "text", tuple: "text", dict: "object"}


class Format(NamedTuple):
    """Marks a field whose value must have a form that has a name; see formats.py.

    `type` is the catalogue's, where the field's own annotation does not say it.
    """

    name: str
    type: str | None = None


class Secret(NamedTuple):
    """Marks a field whose value is shown to nobody."""


class Elsewhere(NamedTuple):
    """Marks a field whose default is not what other tools have: theirs, and why ours differs."""

    default: str
    why: str


class Section(BaseModel):
    """Options that belong together, under one title in the reference.

    `references` says that a value may be, or hold, a reference such as ${env:NAME}; `prefix` is
    what the names begin with; `formats` are the wire formats that have these options, none for
    all; `rules` are what the options demand of each other and of others, beyond that.
    """

    # Built when used: most are only a part of what inherits them, and half a megabyte would be for
    # nothing.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )
    title: ClassVar[str]
    references: ClassVar[bool] = False
    prefix: ClassVar[str] = ""
    formats: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[tuple[Rule, ...]] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One option: a row of the catalogue. Limits of a text are of its length in characters."""

    name: str
    type: str
    description: str
    section: str
    format: str | None
    default: Any
    minimum: int | None
    maximum: int | None
    choices: tuple[str, ...]
    required: bool
    secret: bool
    reference: bool
    elsewhere: Elsewhere | None


def options_of(section: type[Section]) -> Iterator[Option]:
    """Read the options off the fields of a section, those of a nested model with dotted names."""
    yield from _options(section, section.prefix, section)


def _options(model: type[BaseModel], prefix: str, section: type[Section]) -> Iterator[Option]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _options(field.annotation, f"{prefix}{name}.", section)
        else:
            yield _option(prefix + (field.alias or name), field, section)


def _option(name: str, field: FieldInfo, section: type[Section]) -> Option:
    declared, choices = _type(field.annotation)
    marks = {type(mark): mark for mark in field.metadata}
    form = marks.get(Format, Format(""))
    return Option(
        name=name,
        type=form.type or declared,
        description=field.description or "",
        section=section.title,
        format=form.name or None,
        default=_default(field),
        minimum=_limit(field, "ge", "min_length"),
        maximum=_limit(field, "le", "max_length"),
        choices=choices,
        required=field.is_required(),
        secret=Secret in marks,
        reference=section.references,
        elsewhere=marks.get(Elsewhere),
    )


def _default(field: FieldInfo) -> Any:
    """Return the default as JSON has it."""
    if field.default is PydanticUndefined:
        return None
    return list(field.default) if isinstance(field.default, tuple) else field.default


def _type(annotation: Any) -> tuple[str, tuple[str, ...]]:
    """Return the catalogue's name of a type, and the choices if it is a list of them."""
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    if get_origin(annotation) is Literal:
        return "text", get_args(annotation)
    if get_origin(annotation) in _TYPES:
        return _TYPES[get_origin(annotation)], ()
    return _type(kinds[0]) if kinds else (_TYPES[annotation], ())


def _limit(field: FieldInfo, *names: str) -> int | None:
    found = (getattr(mark, name, None) for mark in field.metadata for name in names)
    return next((limit for limit in found if limit is not None), None)
