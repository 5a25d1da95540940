"""The headers that Debezium gives to every record, of which connector it is."""

from uuid import uuid4

from pg_tide.message import Headers

_CONTEXT = "__debezium.context."
NEW_KEY, OLD_KEY = "__debezium.newkey", "__debezium.oldkey"


def context_headers(server: str) -> Headers:
    """Return what is called extended headers, with an id of this run of the relay's pipeline."""
    values = {
        "connectorLogicalName": server,
        "taskId": "0",
        "connectorName": "postgresql",
        "runId": str(uuid4()),
    }
    return [(_CONTEXT + name, value.encode()) for name, value in values.items()]
