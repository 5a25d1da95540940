"""Every option of a pipeline, in the order of the reference: what SQL and docs are made from."""

import json

from pg_tide.config.connection import Connection
from pg_tide.config.delivering import Delivering
from pg_tide.config.failing import Failing
from pg_tide.config.keys import Keys
from pg_tide.config.operation import Operation
from pg_tide.config.option import Option, Section, options_of
from pg_tide.config.producing import Producing
from pg_tide.config.routing import Routing
from pg_tide.config.security import Security
from pg_tide.config.shaping import Shaping
from pg_tide.config.wire import WIRE_SECTIONS

SECTIONS: tuple[type[Section], ...] = (
    Connection,
    Security,
    Producing,
    Delivering,
    Routing,
    Keys,
    Shaping,
    *WIRE_SECTIONS,
    Failing,
    Operation,
)
OPTIONS = tuple(option for section in SECTIONS for option in options_of(section))

_FORMAT_WORDS = {
    "columns": "array of columns with types",
    "host_port_list": "list of host:port",
    "topic_template": "template",
    "key_template": "template",
    "header_map": "object of templates",
    "attribute_map": "object of templates",
    "jmespath": "JMESPath",
    "names": "array of names, or text with commas",
    "placements": "array of places, or text with commas",
    "media_type": "media type",
    "time_zone": "time zone",
    "time_form": "form of a time",
    "partition": "round_robin, random or a number",
    "path": "path of a file",
    "record_name": "name with dots",
    "regex": "regular expression",
    "routing_rules": "array of rules",
    "schema": "schema, or object",
    "topic_prefix": "text that a topic may begin with",
    "url": "URL",
    "url_list": "URLs, with commas",
}


def default_words(option: Option) -> str:
    """Return how an option's default is shown to a person."""
    if option.required:
        return "required"
    if option.default is None:
        return "unset"
    return option.default if isinstance(option.default, str) else json.dumps(option.default)


def type_words(option: Option) -> str:
    """Return how an option's type, choices and limits are shown to a person."""
    if option.choices:
        return ", ".join(option.choices)
    if option.format in _FORMAT_WORDS:
        return _FORMAT_WORDS[option.format]
    if option.minimum is None:
        return option.type
    characters = " characters" if option.type == "text" else ""
    return f"{option.type}, {option.minimum} to {option.maximum}{characters}"


def option_rows() -> list[tuple[str, str, str, str]]:
    """Return name, type, default and description of every option, for a table."""
    return [(o.name, type_words(o), default_words(o), o.description) for o in OPTIONS]
