"""The parameters of one SQL query: each constant once, under a short name."""

from __future__ import annotations

from typing import Any

from ....ir.canonical import canonical_bytes
from ....operators.core import Dialect


class Parameters:
    """Collects constants and placeholders; `values` are JSON data by parameter name."""

    def __init__(self, dialect: Dialect, prefix: str) -> None:
        self._dialect = dialect
        self._prefix = prefix
        self._names: dict[bytes, str] = {}
        self.values: dict[str, Any] = {}

    def add(self, value: Any) -> str:
        """The placeholder's text in the dialect of the database's Python client."""
        key = canonical_bytes(value)
        name = self._names.get(key)
        if name is None:
            name = f"{self._prefix}{len(self._names) + 1}"
            self._names[key] = name
            self.values[name] = value
        return f"${name}" if self._dialect == "duckdb" else f"%({name})s"
