"""Which relay runs which pipeline, decided alike by all of them from what each can see. Pure.

Pipelines that nobody runs go to whoever has the fewest; one that runs moves only to a relay with
at least two fewer, so that nothing moves to and fro. Whoever acts on it still needs the lock.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID


class Peer(NamedTuple):
    """A live relay: the consumer groups that it may run, and those that it runs.

    One that does not take any keeps none; one that has not `settled` takes what is free alone.
    """

    relay_id: UUID
    may: frozenset[int]
    runs: frozenset[int]
    takes: bool = True
    settled: bool = True


def plan(peers: Sequence[Peer]) -> dict[int, UUID]:
    """Say for each group that some relay may run, which one should."""
    takers = sorted((peer for peer in peers if peer.takes), key=lambda peer: peer.relay_id)
    shares = {peer.relay_id: set(peer.runs & peer.may) for peer in takers}
    running = frozenset[int]().union(*shares.values())
    for group in sorted(frozenset[int]().union(*(peer.may for peer in takers)) - running):
        allowed = (peer for peer in takers if group in peer.may)
        shares[min(allowed, key=lambda peer: len(shares[peer.relay_id])).relay_id].add(group)
    while _moved(takers, shares):
        pass
    return {group: relay_id for relay_id, share in shares.items() for group in share}


def _moved(takers: Sequence[Peer], shares: Mapping[UUID, set[int]]) -> bool:
    """Move one group from a relay to one that has at least two fewer, if there is any."""
    by_load = sorted(takers, key=lambda peer: len(shares[peer.relay_id]))
    for taker in by_load:
        for giver in reversed(by_load):
            share, more = shares[taker.relay_id], shares[giver.relay_id]
            if len(more) - len(share) < 2:
                break
            free = more - giver.runs
            movable = taker.may & (more if taker.settled else free)
            if movable:
                group = max(movable, key=lambda group: (group in free, group))
                more.remove(group)
                share.add(group)
                return True
    return False
