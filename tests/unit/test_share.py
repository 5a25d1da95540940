"""Relays that see the same decide the same, and whatever order they act in they come to rest."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.share import Peer, plan

A, B, C = (UUID(int=number) for number in (1, 2, 3))
SIX = frozenset(range(1, 7))


def peer(relay_id: UUID, runs: Iterable[int] = (), may: Iterable[int] = SIX, **state: bool) -> Peer:
    return Peer(relay_id, frozenset(may), frozenset(runs), **state)


def counts(planned: Mapping[int, UUID]) -> dict[UUID, int]:
    found = list(planned.values())
    return {relay_id: found.count(relay_id) for relay_id in sorted(set(found))}


def test_the_first_relay_runs_all() -> None:
    assert plan([peer(A)]) == dict.fromkeys(SIX, A)


def test_what_nobody_runs_is_dealt_evenly() -> None:
    assert counts(plan([peer(A), peer(B), peer(C)])) == {A: 2, B: 2, C: 2}


@pytest.mark.parametrize(("a", "b"), [({1, 2, 3}, {4, 5, 6}), ({1, 2}, {3, 4, 5})])
def test_what_is_even_stays_where_it_is(a: set[int], b: set[int]) -> None:
    planned = plan([peer(A, a, a | b), peer(B, b, a | b)])
    assert planned == dict.fromkeys(a, A) | dict.fromkeys(b, B)


def test_a_single_pipeline_never_moves() -> None:
    assert plan([peer(B, {1}, {1}), peer(A, (), {1}), peer(C, (), {1})]) == {1: B}


def test_who_joins_is_given_a_share_once_it_has_settled() -> None:
    there = [peer(A, {1, 2, 3}), peer(B, {4, 5, 6})]
    assert counts(plan([*there, peer(C, settled=False)])) == {A: 3, B: 3}
    planned = plan([*there, peer(C)])
    assert counts(planned) == {A: 2, B: 2, C: 2}
    moved = {group for group, relay_id in planned.items() if relay_id == C}
    assert counts(planned | dict.fromkeys(moved, C)) == {A: 2, B: 2, C: 2}


def test_who_has_just_joined_takes_what_is_free() -> None:
    planned = plan([peer(A, {1, 2, 3}), peer(B, settled=False)])
    assert {group for group, relay_id in planned.items() if relay_id == B} == {4, 5, 6}


def test_what_a_leaving_relay_has_goes_to_the_others() -> None:
    planned = plan([peer(A, {1, 2, 3}, takes=False), peer(B, {4, 5}), peer(C, {6})])
    assert counts(planned) == {B: 3, C: 3}


@pytest.mark.parametrize("owned", [1, 9])
def test_what_nobody_runs_yet_is_moved_in_the_plan_before_what_runs(owned: int) -> None:
    """Group 4 is for A alone: dealt after 3, it makes A's share too large by one."""
    planned = plan([peer(A, {owned}, {owned, 3, 4}), peer(B, {2}, {owned, 2, 3})])
    assert planned == {owned: A, 2: B, 3: B, 4: A}


def test_nobody_is_given_what_it_may_not_run() -> None:
    planned = plan([peer(A, {1, 2, 3, 4, 5, 6}), peer(B, (), {5, 6}), peer(C, (), ())])
    assert planned == dict.fromkeys({1, 2, 3, 4}, A) | dict.fromkeys({5, 6}, B)


def test_without_relays_there_is_no_plan() -> None:
    assert plan([]) == {}
    assert plan([peer(A, SIX, takes=False)]) == {}


@dataclass
class Relays:
    """Relays that each act on their own: what they may run, have the lock of, are about to give."""

    may: dict[UUID, frozenset[int]]
    locked: dict[int, UUID] = field(default_factory=dict)
    giving: set[int] = field(default_factory=set)
    moves: int = 0

    def seen(self) -> list[Peer]:
        return [
            Peer(one, may, frozenset(g for g, by in self.locked.items() if by == one))
            for one, may in self.may.items()
        ]

    def act(self, relay_id: UUID, seen: list[Peer]) -> None:
        """Finish giving what is being given, then take and give by what was seen."""
        planned = plan(seen)
        for group in [g for g in self.giving if self.locked[g] == relay_id]:
            self.giving.discard(group)
            del self.locked[group]
        taken = frozenset[int]().union(*(one.runs for one in seen))
        for group, to in planned.items():
            if to == relay_id and group not in taken and group not in self.locked:
                self.locked[group] = relay_id
                self.moves += 1
            elif to != relay_id and self.locked.get(group) == relay_id:
                self.giving.add(group)

    def settle(self, chance: random.Random) -> None:
        """Have relays act in any order, some by what they saw a while ago, until nothing moves."""
        still = 0
        for _ in range(60 * (len(self.may) + 1)):
            stale = self.seen()
            for relay_id in chance.sample(sorted(self.may), len(self.may)):
                before = dict(self.locked), set(self.giving)
                self.act(relay_id, stale if chance.random() < 0.3 else self.seen())
                still = still + 1 if before == (self.locked, self.giving) else 0
            if still >= 3 * len(self.may):
                return
        pytest.fail(f"it never comes to rest: {self.locked}")

    def loads(self) -> dict[UUID, int]:
        return {one.relay_id: len(one.runs) for one in self.seen()}

    def are_fair(self) -> bool:
        """Whether nobody could take a group from one that has at least two more."""
        loads = self.loads()
        return all(
            loads[by] - loads[one] < 2
            for group, by in self.locked.items()
            for one, may in self.may.items()
            if group in may
        )


@st.composite
def some_relays(draw: st.DrawFn) -> Relays:
    groups = range(draw(st.integers(0, 12)))
    ids = [UUID(int=number) for number in range(1, draw(st.integers(1, 5)) + 1)]
    everything = st.just(frozenset(groups))
    some = st.frozensets(st.sampled_from(groups)) if groups else everything
    return Relays({one: draw(st.one_of(everything, some)) for one in ids})


@given(some_relays(), st.integers(0, 2**32))
def test_relays_come_to_rest_fairly_and_stay_so(relays: Relays, seed: int) -> None:
    chance = random.Random(seed)
    relays.settle(chance)
    check(relays)
    joined = UUID(int=99)
    relays.may[joined] = frozenset().union(*relays.may.values())
    before = relays.moves
    relays.settle(chance)
    check(relays)
    restricted = len(set(relays.may.values())) > 1
    if not restricted:  # no more moves than the newcomer's share
        assert relays.moves - before == relays.loads()[joined]
    gone = chance.choice(sorted(relays.may))
    del relays.may[gone]
    relays.locked = {g: by for g, by in relays.locked.items() if by != gone}
    relays.settle(chance)
    check(relays)


def check(relays: Relays) -> None:
    """Everything that may run does, fairly; and nothing moves any more."""
    assert relays.locked.keys() == frozenset[int]().union(*relays.may.values())
    assert relays.are_fair()
    assert plan(relays.seen()) == relays.locked


@given(some_relays(), st.integers(0, 2**32))
def test_all_see_the_same_plan(relays: Relays, seed: int) -> None:
    """In whatever order the database lists them."""
    chance = random.Random(seed)
    relays.settle(chance)
    seen = relays.seen()
    assert plan(seen) == plan(chance.sample(seen, len(seen)))
    young = [one._replace(settled=False) for one in seen]
    assert plan(young) == relays.locked
