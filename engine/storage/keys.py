"""The names of everything kept in Redis; in a Cluster, what changes together lies in one slot."""

from __future__ import annotations

GROUP = "decisor"  # the consumer group of the event streams
OWNER = "owner"  # its one consumer for each partition: whoever owns the partition
RUNNING = "decisor:running"  # the names of the segments that workers keep
MADE = "decisor:engine:segments"  # the names of the sets that a SegmentationEngine has made
CLAIMED = "decisor:claimed"  # the names of the sets that were ever claimed; their keys say which ones are


def events_stream(partition: int) -> str:
    """The stream on which a partition's events come in."""
    return f"decisor:events:{partition}"


def transitions_stream(partition: int) -> str:
    """The stream on which a partition's transitions go out."""
    return f"decisor:transitions:{partition}"


def published(partition: int) -> str:
    """The last number of a partition's order that has reached Redis."""
    return f"decisor:published:{partition}"


def witness(tag: str) -> str:
    """What a primary of a Cluster says it has of each partition; the tag makes it lie there."""
    return f"decisor:witness:{{{tag}}}"


def due(partition: int) -> str:
    """The sorted set of customers by the instant (ms) at which time alone may change something of theirs."""
    return f"decisor:due:{partition}"


def members(segment: str) -> str:
    """The set of a segment's members."""
    return f"segment:{segment}"


def next_members(segment: str) -> str:
    """The set that is being built to replace the members; it lies in the same slot."""
    return f"{{segment:{segment}}}:next"


def former_members(segment: str) -> str:
    """The set that the members were before the last switch, while it is still needed; it lies in the same slot."""
    return f"{{segment:{segment}}}:former"


def switched(segment: str) -> str:
    """The generation of a segment that was switched in and may not be committed yet; it lies in the same slot."""
    return f"{{segment:{segment}}}:switched"


def claim(segment: str) -> str:
    """Who is about to switch the segment's set, as long as that takes; it lies in the same slot."""
    return f"{{segment:{segment}}}:claim"


def left_out(segment: str) -> str:
    """Who was erased since a claim on the segment was taken, and goes with it; it lies in the same slot."""
    return f"{{segment:{segment}}}:left-out"


def stored_members(segment: str, token: str) -> str:
    """The set that becomes the segment's once it is whole, of one of several who may build at once; same slot."""
    return f"{{segment:{segment}}}:{token}"


def segments_of(customer: str) -> str:
    """The set of the segments that a customer is a member of."""
    return f"segments:{{{customer}}}"


def profile(customer: str) -> str:
    """The packed serving copy of a customer's profile."""
    return f"profile:{{{customer}}}"
