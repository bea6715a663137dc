"""Groups the events of a file of any size by customer in bounded memory, by sorting them in a private SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self

from ..ir.canonical import canonical_bytes

_CACHE_KIB = 32 * 1024


class History:
    """Canonical events by customer, in event order (event time; ties by the order of adding).

    An event with the id and content of an earlier one is dropped; one with the same id and other content is stored and
    reported.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        # A private temporary file, deleted on close; a batch asks from its own thread, one after the other.
        self._store = sqlite3.connect("", check_same_thread=False)
        self._store.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._store.execute("PRAGMA synchronous = OFF")
        self._store.execute("PRAGMA journal_mode = OFF")
        self._store.execute(
            "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT, customer TEXT, time TEXT, type TEXT, data TEXT)"
        )
        self._store.execute("CREATE INDEX by_id ON events (id)")
        self._indexed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._store.close()

    def add(self, event: Mapping[str, Any]) -> Literal["kept", "duplicate", "conflict"]:
        """Store a canonical event unless it is an exact duplicate."""
        row = (event["id"], event[self._key], event["time"], event["type"], canonical_bytes(event["data"]).decode())
        found = self._store.execute(
            "SELECT customer, time, type, data FROM events WHERE id = ?", (event["id"],)
        ).fetchall()
        if row[1:] in found:
            return "duplicate"
        self._store.execute("INSERT INTO events (id, customer, time, type, data) VALUES (?, ?, ?, ?, ?)", row)
        return "conflict" if found else "kept"

    def of(self, customer: str) -> list[dict[str, Any]]:
        """The customer's events in event order."""
        self._index()
        rows = self._store.execute(
            "SELECT id, time, type, data FROM events WHERE customer = ? ORDER BY time, seq", (customer,)
        )
        return [self._event(customer, *row) for row in rows]

    def customers(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Every customer with their events in event order, in order of the customers' keys."""
        self._index()
        rows = self._store.execute("SELECT customer, id, time, type, data FROM events ORDER BY customer, time, seq")
        current: str | None = None
        events: list[dict[str, Any]] = []
        for customer, *row in rows:
            if customer != current:
                if current is not None:
                    yield current, events
                current, events = customer, []
            events.append(self._event(customer, *row))
        if current is not None:
            yield current, events

    def _index(self) -> None:
        if not self._indexed:
            self._store.execute("CREATE INDEX by_customer ON events (customer, time, seq)")
            self._indexed = True

    def _event(self, customer: str, name: str, time: str, kind: str, data: str) -> dict[str, Any]:
        return {"id": name, "type": kind, self._key: customer, "time": time, "data": json.loads(data)}
