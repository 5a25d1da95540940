"""What must hold in every state, and where nothing is left to do."""

from collections import Counter

from tests.model.rules import Bounds
from tests.model.world import World


def wrong(world: World, bounds: Bounds) -> str | None:
    """What is wrong in this state; None if nothing is."""
    if world.fault:
        return world.fault
    state = world.postgres
    coming = [
        identity
        for identity, producer in enumerate(world.producers)
        if producer.transaction is not None and producer.transaction.prepared
    ]
    topic = [
        record.message for record in world.log if record.pending == -1 or record.pending in coming
    ]
    ended = {*topic, *state.dead}
    lost = [message for message in state.messages[: state.position] if message not in ended]
    if lost:
        return f"message {lost[0]} is lost: the position is behind it"
    late = bounds.poison if world.lost else ()  # that they were put aside may be forgotten
    first_times = [message for message in dict.fromkeys(topic) if message not in late]
    if first_times != sorted(first_times):
        return f"out of order: {topic}"
    if bounds.alarms and world.reported and not world.lost:
        return "a lost tail was reported, and none was lost"
    return _repeats(world, topic)


def _repeats(world: World, topic: list[int]) -> str | None:
    if world.lost and (world.reported or len(world.producers) > 1):
        return None  # what another producer had is not looked at, so its repeats can not be told
    ends = Counter(topic) + Counter(world.postgres.dead)
    repeated = [message for message, times in ends.items() if times > 1]
    if not repeated:
        return None
    where = "twice in the topic" if topic.count(repeated[0]) > 1 else "also put aside"
    tail = ", a tail was lost, and nothing was said" if world.lost else ""
    return f"message {repeated[0]} is {where}{tail}"


def unfinished(world: World) -> str | None:
    """What is wrong with a state where nothing happens any more unless something breaks."""
    state = world.postgres
    if world.unpublished or state.position < len(state.messages) or state.kept:
        return "it stands still, and not everything is delivered"
    return None
