"""Segments of a whole Parquet file of profiles at once, by one DuckDB query over columns made ready with Arrow."""

from __future__ import annotations

from .match import BatchResult, match_parquet, memberships
from .schema import BatchRefusedError

__all__ = ["BatchRefusedError", "BatchResult", "match_parquet", "memberships"]
