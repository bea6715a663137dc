"""The registry of places: whatever holds something of a customer is listed here, and so it is erased and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .index_places import index_places
from .place import Place, Stores
from .postgres_places import record_places
from .redis_places import queue_places
from .stream_places import stream_places

# Each part of the program that keeps personal data has one function here, which gives its places.
# Sets are filled from indices, and so come after them.
PLACES: tuple[Callable[[Stores], Iterable[Place]], ...] = (record_places, stream_places, index_places, queue_places)


def places_of(stores: Stores) -> list[Place]:
    """Every place there is."""
    return [place for part in PLACES for place in part(stores)]
