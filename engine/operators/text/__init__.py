"""Text as Elasticsearch's `standard` analyser sees it."""

from __future__ import annotations

from .phrase import contains_phrase
from .segment import MAX_UNITS, token_set, tokens

MAX_QUERY_TOKENS = 256
"""How many tokens the value of `contains`, `contains_all` or `contains_phrase` may have."""

__all__ = ["MAX_QUERY_TOKENS", "MAX_UNITS", "contains_phrase", "token_set", "tokens"]
