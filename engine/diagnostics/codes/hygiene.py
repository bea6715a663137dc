"""H: habits that keep a workspace readable, suppressions among them."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = [
    Code(
        "H001",
        "more findings than shown",
        "warning",
        "A report keeps a bounded number of findings per file and per run; this one says how many were left out.",
        "Repair what is shown and run the check again.",
    ),
]
