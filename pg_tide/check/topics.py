"""Whether a pipeline's topics take what it produces, and keep it."""

from collections.abc import Iterator

from pg_tide.check.step import Step, failed, ok, warning
from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, PgTideError
from pg_tide.kafka.inquiry import Asking, Described
from pg_tide.partition import Partitioner

UNTOLD = "Allow this user DESCRIBE_CONFIGS on the topic."
LARGER = "Raise the topic's max.message.bytes, or lower max_request_size to it."
REPLICATE = "Use a replication factor of 3 and min.insync.replicas 2 where nothing may be lost."


async def topic_steps(config: PipelineConfig, topic: Described, asking: Asking) -> list[Step]:
    """What was found of a topic that the configuration names."""
    name = f"topic {topic.name}"
    error = topic.refusal
    missing = topic.error is not None and topic.error.reason == "topic_missing"
    if missing and config.auto_create_topics:
        return [await creation(config, topic, asking)]
    if error is not None:
        return [failed(name, error)]
    return [there(name, topic), *flaws(name, config, topic)]


async def creation(config: PipelineConfig, topic: Described, asking: Asking) -> Step:
    """Whether the pipeline could create it, which nobody does here."""
    numbers = config.num_partitions, config.replication_factor
    refusal = await asking.refusal_to_create(topic.name, *numbers)
    name = f"topic {topic.name}"
    refusal = refusal or topic.forbidden
    if refusal is not None:
        return failed(name, refusal)
    return ok(name, "is not there yet; the pipeline may create it")


def there(name: str, topic: Described) -> Step:
    """What there is."""
    counted = [f"{topic.partitions} partition{'s' if topic.partitions > 1 else ''}"]
    counted.append(f"{topic.replicas} replica{'s' if topic.replicas > 1 else ''}")
    if "compact" in topic.configs.get("cleanup.policy", ""):
        counted.append("compacted: brokers refuse records without a key")
    if topic.may_write is None:
        untold = "brokers do not tell whether this user may write"
        return warning(name, ", ".join([*counted, untold]), "Allow it WRITE on the topic.")
    return ok(name, ", ".join([*counted, "this user may write"]))


def flaws(name: str, config: PipelineConfig, topic: Described) -> Iterator[Step]:
    """What is not as it should be."""
    if topic.leaderless:
        listed = ", ".join(map(str, topic.leaderless))
        yield failed(name, FatalError(f"no leader for partition {listed}", reason="no_leader"))
    if error := unfit(config, topic):
        yield failed(name, error)
    if config.acks == "all":
        yield from kept(name, topic)
    yield from sized(name, config, topic)


def unfit(config: PipelineConfig, topic: Described) -> PgTideError | None:
    """Why the partitioner cannot work with so few partitions."""
    try:
        Partitioner(config.partitioner, config.partition_fallback).for_topic(
            topic.partitions, topic.name
        )
    except FatalError as error:
        return error
    return None


def kept(name: str, topic: Described) -> Iterator[Step]:
    """Whether what all in-sync replicas acknowledged survives a broker."""
    least = topic.number("min.insync.replicas")
    if least is not None and topic.in_sync < least:
        found = f"{topic.in_sync} of {topic.replicas} replicas are in sync, {least} are demanded"
        hint = "Lower min.insync.replicas." if topic.replicas < least else "Bring brokers back."
        yield failed(name, FatalError(found, reason="too_few_replicas", hint=hint))
    elif topic.replicas == 1:
        yield warning(name, "one replica: what was acknowledged is lost with its broker", REPLICATE)
    elif least == 1:
        found = "min.insync.replicas is 1: acks all may mean one replica, and be lost with it"
        yield warning(name, found, REPLICATE)


def sized(name: str, config: PipelineConfig, topic: Described) -> Iterator[Step]:
    """Whether it takes records as large as the pipeline makes."""
    most = topic.number("max.message.bytes")
    if most is None:
        found = "brokers do not tell max.message.bytes: what is too large shows when it is sent"
        yield warning(name, found, UNTOLD)
    elif most < config.max_request_size:
        found = (
            f"max.message.bytes is {most}, less than max_request_size: {config.max_request_size}"
        )
        yield warning(name, found, LARGER)
