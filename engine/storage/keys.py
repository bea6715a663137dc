"""The names of everything kept in Redis; in a Cluster, what changes together lies in one slot."""

from __future__ import annotations

GROUP = "decisor"  # the consumer group of the event streams
OWNER = "owner"  # its one consumer for each partition: whoever owns the partition


def events_stream(partition: int) -> str:
    """The stream on which a partition's events come in."""
    return f"decisor:events:{partition}"


def transitions_stream(partition: int) -> str:
    """The stream on which a partition's transitions go out."""
    return f"decisor:transitions:{partition}"


def published(partition: int) -> str:
    """The last number of a partition's order that has reached Redis."""
    return f"decisor:published:{partition}"


def due(partition: int) -> str:
    """The sorted set of customers by the instant (ms) at which time alone may change something of theirs."""
    return f"decisor:due:{partition}"


def members(segment: str) -> str:
    """The set of a segment's members."""
    return f"segment:{segment}"


def next_members(segment: str) -> str:
    """The set that is being built to replace the members; it lies in the same slot."""
    return f"{{segment:{segment}}}:next"


def live_members(segment: str) -> str:
    """What changed while the next set is being built: a hash from customer to 1 (member) or 0."""
    return f"{{segment:{segment}}}:live"


def segments_of(customer: str) -> str:
    """The set of the segments that a customer is a member of."""
    return f"segments:{{{customer}}}"


def profile(customer: str) -> str:
    """The packed serving copy of a customer's profile."""
    return f"profile:{{{customer}}}"
