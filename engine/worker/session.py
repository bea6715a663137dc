"""A session: one uninterrupted stretch of a worker's work, between two outages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .event_queue import Queue
from .publish import Publisher
from .transaction import Processor

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(slots=True)
class Session:
    """The connections of one uninterrupted stretch of work, and the objects built on them."""

    connection: Connection
    processor: Processor
    publisher: Publisher
    queue: Queue
    owned: set[int]
