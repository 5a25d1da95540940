"""Makes `docs/reference/options.md` from the declarations of all options."""

from collections.abc import Iterable, Sequence

from pg_tide.config.catalogue import OPTIONS, SECTIONS, default_words, type_words
from pg_tide.config.option import Option
from pg_tide.config.process import PROCESS_OPTIONS, ProcessOption

_HEAD = """\
<!-- Generated from pg_tide/config by "make generate". -->
# Options

## A pipeline

The `config` of `tide.relay_set_outbox`. PostgreSQL checks all of it there and stores nothing that
is wrong; only the syntax of JMESPath and of regular expressions, and what references stand for, is
checked by the relay. `pg-tide check` checks that too, and whether the brokers let the pipeline in.
Options with a dot may be nested: `{"transform": {"filter": "…"}}` and `{"transform.filter": "…"}`
are the same. Numbers and booleans may be written as strings, and a null counts as not given.
"""

_REFERENCES = """\
### References

The options of a connection (those under Connection and Security) may be, or hold, references, which
the relay resolves whenever it starts the pipeline, and nobody else does:

| reference | stands for |
| --- | --- |
| `${env:NAME}` | a variable of the relay's environment |
| `${file:/absolute/path}` | what a file of the relay's machine holds, but for a last newline |
| `${secret:NAME}` | a secret that `pg-tide secret set NAME` stored, encrypted, in the database |

PostgreSQL checks their form. One that is missing stops the pipeline as `failed`, and its name is
said; what it stands for is shown nowhere. Passwords, client secrets and key passwords should be
references: given in clear they are stored in clear, which `relay_set_outbox` warns of, though every
view and function shows them as `********`.
"""

_RULES = """\
### Routing rules

`routing.rules` is an array of objects. The first whose condition holds gives the message its topic
and, if it has one, its key; where none holds, `topic` and the options of keys do.

```json
{
  "topic": "orders",
  "routing": {"rules": [
    {"when": "payload.total > `1000` && op == 'insert'", "topic": "orders.large"},
    {"match_field": "headers.region", "match_value": "eu",
     "topic": "orders.eu", "message_key": "{payload.customer}"}
  ]}
}
```

A condition is `when`, a JMESPath that holds unless its result is null, false, `""`, `[]` or `{}`;
or `match_field`, a variable of templates without braces, and `match_value`, the text it must have.
"""

_TEMPLATES = """\
### Templates

In a template, `{stream_table}` is the captured table or else the outbox; `{outbox}`, `{op}`,
`{key}` and `{dedup_key}` are the message's; `{outbox_id}` is its id; `{headers.name}` is one of its
own headers; `{payload.a.b}` is a value inside the payload after `transform.payload`, and
`{original.a.b}` one inside the payload as published. Write `{{` and `}}` for braces. Objects and
arrays appear as JSON, numbers with the digits they have in PostgreSQL. A message without a value
for a variable cannot go: that is an error of this message, which names the variable.
"""

_EXPRESSIONS = """\
### Expressions

[JMESPath](https://jmespath.org) sees an object of `payload`, `headers`, `op`, `key`, `dedup_key`,
`outbox`, `stream_table`, `id` and `published_at` (UTC, like `2026-01-31T12:00:00.000000Z`).
`transform.filter` sees the payload as published, and so does `transform.payload`; with
`transform.root` set to `payload` both see the payload alone. `message_key_expression`,
`partition_by` and `when` see the payload after `transform.payload`, and beside it `original`, the
one that was published. Text stands in `'single quotes'`; `"double quotes"` name a member. A name
that no message has is refused. Numbers keep their digits: `0.10` stays `0.10`, and no integer is
too long.

`matches(text, 'regex')` is a function beside those of JMESPath: whether a regular expression is
found in a text. It is false where the text is null; a number has to be made a text first, by
`to_string`. Regular expressions are those of
[RE2](https://github.com/google/re2/wiki/Syntax), which run in linear time. An expression that takes
over a second on one message, or makes or compares values of over 64 MiB, is that message's error.

A tombstone (a message whose payload is null) is treated like any other message, with a null
`payload`: a filter on the payload drops it, unless it lets it pass (`op == 'delete' || …`), and a
projection that makes an object of it makes it a message like the others. A projection whose result
is null makes a tombstone.
"""

_ELSEWHERE = """\
## Where the default differs

Other tools often have another default. Ours is the safe one, or the fast one where both are safe.
"""

_PROCESS = """\
## The process

On the command line of `pg-tide`, or in its environment.
"""


def options_page() -> str:
    """Return the reference of options as Markdown."""
    parts = [_HEAD]
    for section in SECTIONS:
        options = [option for option in OPTIONS if option.section == section.title]
        rows = [_pipeline_row(option) for option in options]
        heads = ("option", "type", "default", "")
        parts.append(f"### {section.title}\n\n{section.__doc__}\n\n{_table(heads, rows)}")
    differing = [_elsewhere_row(option) for option in OPTIONS if option.elsewhere]
    parts += [_REFERENCES, _TEMPLATES, _RULES, _EXPRESSIONS]
    parts.append(f"{_ELSEWHERE}\n{_table(('option', 'here', 'elsewhere', 'why'), differing)}")
    rows = [_process_row(option) for option in PROCESS_OPTIONS]
    parts.append(f"{_PROCESS}\n{_table(('option', 'environment', 'default', ''), rows)}")
    return "\n".join(parts)


def _pipeline_row(option: Option) -> Sequence[str]:
    return f"`{option.name}`", type_words(option), _default(option), option.description


def _default(option: Option) -> str:
    return default_words(option) if option.default is None else f"`{default_words(option)}`"


def _elsewhere_row(option: Option) -> Sequence[str]:
    assert option.elsewhere  # noqa: S101 - the caller chose by it
    elsewhere = f"`{option.elsewhere.default}`"
    return f"`{option.name}`", _default(option), elsewhere, option.elsewhere.why


def _process_row(option: ProcessOption) -> Sequence[str]:
    default = option.argument.default
    shown = "required" if option.required else f"`{default}`" if default else "unset"
    return f"`{option.name}`", f"`{option.env}`", shown, option.help


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
