"""What a worker knows about a customer, and the bounded cache of what it has read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STATES = 50_000
EVENTS = 150_000  # events in all cached states together


@dataclass(frozen=True, slots=True)
class Override:
    """A manual statement that a customer is in a segment, or is not, whatever the conditions say."""

    included: bool
    expires_ms: int | None


@dataclass(slots=True)
class State:
    """A customer: the profile as of `computed_ms`, the events in event order, and the memberships.

    `held` maps a segment to the number of its last transition, which is odd for a member. It is None when it must be
    read again, together with `moved_ms`, the instant of the latest transition.
    """

    profile: str
    version: int = 0
    position: int = 0
    computed_ms: int = 0
    due_ms: int | None = None
    value: dict[str, Any] | None = None
    catalogue: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    held: dict[str, int] | None = None
    moved_ms: int = 0
    overrides: dict[str, Override] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether the customer has a row."""
        return self.version > 0


class Cache:
    """States by customer; the least recently used is dropped first. The owner checks versions before it trusts one."""

    __slots__ = ("_events", "_limit_events", "_limit_states", "_states")

    def __init__(self, states: int = STATES, events: int = EVENTS) -> None:
        self._states: OrderedDict[str, State] = OrderedDict()
        self._events = 0
        self._limit_states, self._limit_events = states, events

    def get(self, profile: str, version: int) -> State | None:
        """The state, if it has that version; a state of another version is dropped."""
        state = self._states.pop(profile, None)
        if state is None:
            return None
        self._events -= len(state.events)
        return state if state.version == version else None

    def put(self, state: State) -> None:
        """Store a state, which `get` had taken out while it was in use."""
        self._states[state.profile] = state
        self._events += len(state.events)
        while len(self._states) > self._limit_states or self._events > self._limit_events:
            _, dropped = self._states.popitem(last=False)
            self._events -= len(dropped.events)

    def profiles(self) -> list[str]:
        """The customers with a cached state."""
        return list(self._states)

    def forget_membership(self) -> None:
        """Note that membership was changed elsewhere, so that it is read again when it is next needed."""
        for state in self._states.values():
            state.held = None

    def forget(self, profiles: Iterable[str]) -> None:
        """Drop states."""
        for profile in profiles:
            self.get(profile, -1)


def overridden_segments(state: State, at_ms: int) -> tuple[set[str], set[str]]:
    """The segments that overrides include the customer in, and those that they exclude the customer from."""
    open_ones = [
        (name, each.included)
        for name, each in state.overrides.items()
        if each.expires_ms is None or each.expires_ms > at_ms
    ]
    return {name for name, put in open_ones if put}, {name for name, put in open_ones if not put}
