"""The names of all keys in Redis; in a Cluster, keys that change together lie in one slot."""

from __future__ import annotations

GROUP = "decisor"  # the consumer group of the event streams
OWNER = "owner"  # its one consumer for each partition: the owner of the partition
RUNNING = "decisor:running"  # the names of the segments that workers maintain
MADE = "decisor:engine:segments"  # the names of the sets that a SegmentationEngine has created
CLAIMED = "decisor:claimed"  # the names of all sets that were ever claimed; their claim keys show which still are


def events_stream(partition: int) -> str:
    """The stream that a partition's events arrive on."""
    return f"decisor:events:{partition}"


def transitions_stream(partition: int) -> str:
    """The stream that a partition's transitions are published on."""
    return f"decisor:transitions:{partition}"


def published_cursor(partition: int) -> str:
    """The last sequence number of a partition that has reached Redis."""
    return f"decisor:published:{partition}"


def witness(tag: str) -> str:
    """The last sequence number of each partition that a Cluster's primary has; the tag places the key on it."""
    return f"decisor:witness:{{{tag}}}"


def due(partition: int) -> str:
    """The sorted set of customers by the instant (ms) at which time alone may change their memberships."""
    return f"decisor:due:{partition}"


def members(segment: str) -> str:
    """The set of a segment's members."""
    return f"segment:{segment}"


def next_members(segment: str) -> str:
    """The set that is being built to replace the members; it lies in the same slot."""
    return f"{{segment:{segment}}}:next"


def former_members(segment: str) -> str:
    """The set of members from before the last switch, while it is still needed; it lies in the same slot."""
    return f"{{segment:{segment}}}:former"


def switch_mark(segment: str) -> str:
    """The generation of a segment that was switched in and may not be committed yet; it lies in the same slot."""
    return f"{{segment:{segment}}}:switched"


def claim(segment: str) -> str:
    """The token of the rebuild that is about to switch the segment's set, until it has; it lies in the same slot."""
    return f"{{segment:{segment}}}:claim"


def left_out(segment: str) -> str:
    """The customers erased since the segment was claimed; deleted with the claim, and lies in the same slot."""
    return f"{{segment:{segment}}}:left-out"


def stored_members(segment: str, token: str) -> str:
    """The set that becomes the segment's once complete; the token tells concurrent builds apart. Same slot."""
    return f"{{segment:{segment}}}:{token}"


def segments_of(customer: str) -> str:
    """The set of the segments that a customer is a member of."""
    return f"segments:{{{customer}}}"


def profile(customer: str) -> str:
    """The packed serving copy of a customer's profile."""
    return f"profile:{{{customer}}}"
