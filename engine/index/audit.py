"""The audit of the search index: documents compared with profiles, where nothing is on its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..encryption.cipher import UnsealError
from ..encryption.vault import Vault
from ..ir.types import Catalogue
from .comparing import Comparison
from .names import ALIAS, hash_of, index_of

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection


class IndexAudit:
    """Compares the live index of a catalogue with profiles."""

    def __init__(self, client: Elasticsearch, catalogue: Catalogue, vault: Vault, alias: str = ALIAS) -> None:
        self._client = client
        self._hash = hash_of(catalogue)
        self._comparison = Comparison(client, catalogue, vault)
        self._alias = alias

    def compare(self, connection: Connection, _partition: int, profiles: Sequence[str]) -> list[str]:
        """The profiles whose document is missing or differs; none while the index is away, not full or another's.

        What is on its way is left out, and what the index refuses: a dead letter says so already.
        """
        from elasticsearch import ApiError, TransportError

        try:
            live = index_of(self._client, self._alias)
            if live is None or live.mapping_hash != self._hash:
                return []
            found = self._comparison.some(connection, live, profiles).found
        except (ApiError, TransportError, UnsealError):  # a key may go, by an erasure, between two looks
            return []
        return [profile for profile in profiles if profile in found]
