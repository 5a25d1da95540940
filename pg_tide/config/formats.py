"""The forms that an option's value may have to have, by name.

The same as the SQL functions `tide._format_problems` calls, but for JMESPath: SQL sees only that
an expression is not empty.
"""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Callable
from typing import Any

from pg_tide.config.columns import columns_problems
from pg_tide.config.placements import placements_problems
from pg_tide.config.references import MISPLACED, is_misplaced
from pg_tide.config.routing_rules import routing_rules_problems, variable_problems
from pg_tide.config.scalars import read
from pg_tide.config.topics import topic_prefix_problems, topic_template_problems
from pg_tide.expression import Expression
from pg_tide.pattern import Pattern
from pg_tide.template import template_problems
from pg_tide.words import quoted, shown, shown_name

_SPACES = " \t\n\r"
_URL = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?")
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+/:-]{1,64}")
_TIME_FORM = re.compile(r"(yyyy|MM|dd|HH|mm|ss|S{1,6}|'[^']+'|[^A-Za-z']+)+")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(;[ -~]+)?")
_ATTRIBUTE = re.compile(r"[a-z0-9]+")
_ATTRIBUTES = {"specversion", "id", "source", "type", "subject", "time"} | {
    "datacontenttype",
    "dataschema",
    "data",
}
_IDENTIFIER = re.compile(r"[a-zA-Z0-9._-]+")
_RECORD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_PARTITION = re.compile(r"[0-9]{1,9}")
_SEPARATORS = re.compile(r"[; \t\n\r]")
_PORT = re.compile(r"[0-9]{1,5}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\]")

_ID = re.compile(r"[0-9]{1,18}")
_TIMESTAMP = re.compile(
    r"([1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?"
)

Problems = list[str]


def host_ports(text: str) -> tuple[str, ...]:
    """Cut a list of host:port into its entries."""
    return tuple(entry.strip(_SPACES) for entry in text.split(","))


def header_texts(headers: dict[str, Any]) -> dict[str, Any]:
    """Return headers with their values as text: a number counts as its digits."""
    return {name: read("text", value) for name, value in headers.items()}


def _host_port_list(text: str) -> Problems:
    return [problem for entry in host_ports(text) if (problem := _host_port(entry))]


def _host_port(entry: str) -> str | None:
    if not entry:
        return "an entry is empty; write host:port, separated by commas"
    if "://" in entry:
        return f"{quoted(entry)} is not host:port; leave out the protocol"
    if _SEPARATORS.search(entry):
        return f"{quoted(entry)} is not host:port; separate brokers with commas"
    if not entry.startswith("[") and entry.count(":") > 1:
        return f'{quoted(entry)} is an IPv6 address without brackets; write it like "[::1]:9092"'
    host, colon, port = entry.rpartition(":")
    if not colon or entry.endswith("]"):
        return f"{quoted(entry)} has no port; write {quoted(entry + ':9092')}"
    return _host_and_port(entry, host, port)


def _host_and_port(entry: str, host: str, port: str) -> str | None:
    if not _HOST.fullmatch(host):
        return f"{quoted(entry)} has a host that is neither a name nor an address"
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65_535:
        return f"{quoted(entry)} has a port that is not between 1 and 65535"
    return None


def _key_template(text: str) -> Problems:
    return template_problems(text) if text else ["must not be empty"]


def _jmespath(text: str) -> Problems:
    if not text.strip(_SPACES):
        return ["must not be empty"]
    try:
        Expression(text)
    except ValueError as error:
        return [f"{quoted(text)} is not JMESPath: {error}"]
    return []


def _regex(text: str) -> Problems:
    if not text:
        return ["must not be empty"]
    try:
        Pattern(text)
    except ValueError as error:
        return [f"{quoted(text)} is not a regular expression: {error}"]
    return []


def _url(text: str) -> Problems:
    if _URL.fullmatch(text):
        return []
    return ["must be a URL like https://login.example.com/token, without a user or a password"]


def _url_list(text: str) -> Problems:
    if all(_URL.fullmatch(entry) for entry in host_ports(text)):
        return []
    example = "https://registry.example.com:8081"
    return [f"must be URLs like {example}, without a user or a password, separated by commas"]


def _path(text: str) -> Problems:
    if not text:
        return ["must not be empty"]
    if "-----BEGIN" in text:
        return ["must be the path of a file, not what is in it"]
    if not text.startswith("/"):
        return [f"must be an absolute path, like /etc/pg-tide/ca.pem, not {quoted(text)}"]
    return []


def _identifier(text: str) -> Problems:
    if _IDENTIFIER.fullmatch(text):
        return []
    return [f'must be made of a-z, A-Z, 0-9, ".", "_" and "-", not {quoted(text)}']


def _record_name(text: str) -> Problems:
    if _RECORD_NAME.fullmatch(text):
        return []
    return [f"must be a name like com.example.Order, not {quoted(text)}"]


def _partition(text: str) -> Problems:
    if text in {"round_robin", "random"} or _PARTITION.fullmatch(text):
        return []
    return [f"must be round_robin, random or the number of a partition, not {quoted(text)}"]


def _names(path: str, names: list[str]) -> Problems:
    if not names:
        return [f"{path}: must not be empty"]
    times = Counter(names)
    wrong = {f"{path}: {quoted(name)} is given twice" for name in names if times[name] > 1}
    if "" in names:
        wrong = {f"{path}: an entry is empty; write names, separated by commas"}
    return sorted(wrong)


def _schema(path: str, schema: str | dict[str, Any]) -> Problems:
    if isinstance(schema, str):
        return [] if schema.strip(_SPACES) else [f"{path}: must not be empty"]
    if not schema.keys() <= {"subject", "version"}:
        return []
    wrong = []
    if not (schema.get("subject") and isinstance(schema["subject"], str)):
        wrong.append(f"{path}.subject: must be the name of a subject of the registry")
    version = schema.get("version", "latest")
    if version != "latest" and not 1 <= (read("integer", version) or 0) <= 999_999_999:
        wrong.append(f"{path}.version: must be the number of a version, or latest")
    return wrong


def _routing_rules(path: str, rules: list[Any]) -> Problems:
    checks = {
        "when": _jmespath,
        "match_field": variable_problems,
        "topic": topic_template_problems,
        "message_key": _key_template,
    }
    return routing_rules_problems(path, rules, checks)


def _start_from(text: str) -> Problems:
    if text in {"earliest", "latest"} or _ID.fullmatch(text) or _is_timestamp(text):
        return []
    example = "2026-01-31T12:00:00Z"
    expected = f"earliest, latest, a message id or a timestamp like {example}"
    return [f"must be {expected}, not {quoted(text)}"]


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.fullmatch(text)
    return found is not None and int(found[3]) <= monthrange(int(found[1]), int(found[2]))[1]


def _header_map(path: str, headers: dict[str, Any]) -> Problems:
    wrong = []
    for name, value in headers.items():
        plain = read("text", value)
        header = shown_name(f"{path}.{name}")
        if not name:
            wrong.append(f"{path}: a header needs a name")
        if plain is None:
            wrong.append(f"{header}: must be a string, not {shown(value)}")
        elif is_misplaced(value):
            wrong.append(f"{header}: {MISPLACED}")
        else:
            wrong += [f"{header}: {problem}" for problem in template_problems(plain)]
    return wrong


def _attribute_map(path: str, attributes: dict[str, Any]) -> Problems:
    wrong = _header_map(path, {name: value for name, value in attributes.items() if name})
    for name in attributes:
        if not _ATTRIBUTE.fullmatch(name):
            wrong.append(f"{path}: the name {quoted(name)} is not made of a-z and 0-9")
        elif name in _ATTRIBUTES:
            wrong.append(f"{path}.{name}: is no extension, but an attribute of every event")
    return wrong


def _time_zone(text: str) -> Problems:
    if _TIME_ZONE.fullmatch(text):
        return []
    return [f"must be a time zone like Europe/Vienna, UTC or +05:30, not {quoted(text)}"]


def _time_form(text: str) -> Problems:
    if _TIME_FORM.fullmatch(text):
        return []
    return [
        "must be made of yyyy, MM, dd, HH, mm, ss and S, with other letters in single quotes, not "
        + quoted(text)
    ]


def _media_type(text: str) -> Problems:
    if _MEDIA_TYPE.fullmatch(text):
        return []
    return [f"must be a media type like application/json, not {quoted(text)}"]


def _of_text(check: Callable[[str], Problems]) -> Callable[[str, Any], Problems]:
    return lambda path, text: [f"{path}: {problem}" for problem in check(text)]


FORMATS: dict[str, Callable[[str, Any], Problems]] = {
    "host_port_list": _of_text(_host_port_list),
    "topic_template": _of_text(topic_template_problems),
    "topic_prefix": _of_text(topic_prefix_problems),
    "key_template": _of_text(_key_template),
    "columns": columns_problems,
    "placements": placements_problems,
    "header_map": _header_map,
    "attribute_map": _attribute_map,
    "identifier": _of_text(_identifier),
    "jmespath": _of_text(_jmespath),
    "names": _names,
    "partition": _of_text(_partition),
    "path": _of_text(_path),
    "regex": _of_text(_regex),
    "record_name": _of_text(_record_name),
    "routing_rules": _routing_rules,
    "media_type": _of_text(_media_type),
    "time_zone": _of_text(_time_zone),
    "time_form": _of_text(_time_form),
    "schema": _schema,
    "start_from": _of_text(_start_from),
    "url": _of_text(_url),
    "url_list": _of_text(_url_list),
}
