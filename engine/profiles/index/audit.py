"""The audit of the search index: documents compared with profiles, where nothing is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..vault import Vault
from .cursors import caught_up
from .documents import Document, Documents
from .names import ALIAS, hash_of, index_of

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

    from ...ir.types import Catalogue, Field

CIPHER = "cipher"  # differs each time that the same value is sealed


class IndexAudit:
    """Compares the live index of a catalogue with profiles."""

    def __init__(self, client: Elasticsearch, catalogue: Catalogue, vault: Vault, alias: str = ALIAS) -> None:
        self._client = client
        self._catalogue = catalogue
        self._documents = Documents(catalogue, vault)
        self._alias = alias

    def compare(self, connection: Connection, partition: int, profiles: Sequence[str]) -> list[str]:
        """The profiles whose document is missing or differs; none while the index is behind, away or another's."""
        from elasticsearch import ApiError, TransportError

        row = connection.execute("SELECT seq FROM partition WHERE number = %s", (partition,)).fetchone()
        try:
            live = index_of(self._client, self._alias)
            if live is None or live.mapping_hash != hash_of(self._catalogue):
                return []
            wanted = self._documents.current(connection, profiles)
            answer = self._client.mget(index=live.name, ids=list(profiles), source=True)
            if not caught_up(connection, live, {partition: row[0] if row else 0}):
                return []
            missing = {each["_id"]: each for each in answer["docs"]}
        except (ApiError, TransportError):
            return []
        return [profile for profile in profiles if self._differs(wanted.get(profile), missing.get(profile, {}))]

    def _differs(self, wanted: Document | None, found: Mapping[str, Any]) -> bool:
        if wanted is None:
            return bool(found.get("found"))
        if wanted.body is None:
            return False
        fields = self._catalogue.fields
        shown = found.get("_source")
        return shown is None or _comparable(shown, fields) != _comparable(wanted.body, fields)


def _comparable(document: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """The document without cipher texts, which differ each time."""
    found: dict[str, Any] = {}
    declared = {field.name: field for field in fields}
    for name, value in document.items():
        field = declared.get(name)
        if field is None:
            found[name] = value
        elif field.encrypted is not None:
            found[name] = {part: kept for part, kept in value.items() if part != CIPHER}
        elif field.type == "object":
            items = value if isinstance(value, list) else [value]
            found[name] = [_comparable(item, field.fields) for item in items]
        else:
            found[name] = value
    return found
