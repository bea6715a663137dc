"""The example's real purchases as events: one per line of the file; the line number is the event's id."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PURCHASES = 69_659  # lines of the file, without its header


def purchases(file: Path) -> Iterator[dict[str, Any]]:
    """Events of type `purchase`, as they would arrive as JSON. Lines repeat, line numbers do not."""
    with gzip.open(file, "rt", encoding="ascii") as lines:
        next(lines)  # the header
        for number, line in enumerate(lines, start=2):
            customer, day, count, amount = line.split()
            yield {
                "id": str(number),
                "type": "purchase",
                "customer_id": customer,
                "time": f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00.000Z",
                "data": {"cds": int(count), "amount": float(amount)},
            }
