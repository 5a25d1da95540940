"""What the subjects of schemas are named after, as Confluent's strategies have it."""

import re


class Subjects:
    """By a strategy; `part` is `key` or `value`."""

    def __init__(self, strategy: str, part: str) -> None:
        self._strategy = strategy
        self.use_names = strategy != "TopicNameStrategy"
        self._part = part

    def of(self, topic: str, name: str) -> str:
        """Return the subject of a topic's records of a type."""
        if self._strategy == "RecordNameStrategy":
            return name
        if self._strategy == "TopicRecordNameStrategy":
            return f"{topic}-{name}"
        return f"{topic}-{self._part}"


def record_name(source: str) -> str:
    """Return the full name of the type of an outbox's or a table's rows."""
    parts = [re.sub(r"[^A-Za-z0-9_]", "_", part) or "_" for part in source.split(".")]
    return ".".join(["pg_tide", *(f"_{part}" if part[0].isdigit() else part for part in parts)])
