"""The wire format `cloudevents`: CloudEvents 1.0 by its Kafka protocol binding, in two modes.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
The id is that of the message, so that source and id are the same when it is repeated.
"""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode.cloudevents import binary, structured
from pg_tide.encode.cloudevents.attributes import Templates
from pg_tide.message import Message, Record, Route


def encoder(
    config: PipelineConfig, _now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as an event, in the mode of `wire_config.mode`.

    Calling it raises MessageError where an attribute has no value, or one that no event may have.
    """
    wire = config.wire_config
    templates = Templates(config)
    if wire.mode == "binary":
        return binary.encoder(templates, wire.datacontenttype)
    return structured.encoder(templates, wire.datacontenttype)
