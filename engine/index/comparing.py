"""The index and PostgreSQL, compared: the keys of all profiles, and the documents of some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from ..encryption.vault import Vault
from ..ir.canonical import digest
from ..ir.types import Catalogue, Field
from ..storage.partitions import partition_of
from . import cursors
from .documents import Document, Documents, source_of
from .export import export_ids
from .names import ProfileIndex

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

SAMPLE: Final = 1_000
PAGE: Final = 500
SUSPECTS: Final = 10_000  # keys that are in one place only; with more there is no need to look closer

Kind = Literal["missing", "extra", "other"]

_LATER: Final = (
    "SELECT DISTINCT outbox.profile FROM outbox"
    " JOIN unnest(%b::smallint[], %b::bigint[]) AS given (partition, seq) ON given.partition = outbox.partition"
    " WHERE outbox.profile = ANY(%b) AND outbox.seq > given.seq"
)
_REFUSED: Final = "SELECT profile FROM dead_letter WHERE source = ANY(%s) AND replayed_at IS NULL"


@dataclass(slots=True)
class Differences:
    """What a comparison found: profiles without a document, documents without a profile, documents of other content.

    `refused` are those of which a dead letter says why.
    """

    profiles: int = 0
    sampled: int = 0
    found: dict[str, Kind] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def count(self, kind: Kind) -> int:
        """How many there are of a kind."""
        return sum(1 for each in self.found.values() if each == kind)


class Comparison:
    """Compares the documents of one catalogue with the profiles."""

    def __init__(self, client: Elasticsearch, catalogue: Catalogue, vault: Vault | None = None) -> None:
        self._client = client
        self._catalogue = catalogue
        self._documents = Documents(catalogue, vault)

    def some(self, connection: Connection, index: ProfileIndex, profiles: Sequence[str]) -> Differences:
        """The differences of these profiles; what is on its way to the index is none."""
        states = cursors.read(connection, [index], {partition_of(profile) for profile in profiles})
        complete = {each.partition: each.seq for each in states if each.state == "index"}
        asked = [profile for profile in profiles if partition_of(profile) in complete]
        found = Differences(sampled=len(asked))
        if asked:
            # Which hashes there must be is asked after the cursors: a later change of that is behind one of them.
            wanted, alone = self._documents.settle(connection, asked)
            differing = self._differing(wanted, self._fetch_documents(index, asked), alone=alone)
            columns = (list(complete), list(complete.values()), list(differing))
            for (profile,) in connection.execute(_LATER, columns):
                del differing[profile]
            sources = [source_of(index, profile) for profile in differing]
            found.refused = {profile for (profile,) in connection.execute(_REFUSED, (sources,))}
            found.found = {name: kind for name, kind in differing.items() if name not in found.refused}
        return found

    def all(self, connection: Connection, index: ProfileIndex, sample: int = SAMPLE) -> Differences:
        """The differences of all keys, and of the content of about so many documents; nothing is held meanwhile."""
        total = Differences()
        row = connection.execute("SELECT count(*) FROM profile").fetchone()
        step = max(1, (row[0] if row else 0) // sample)
        self._client.indices.refresh(index=index.name)
        suspects: list[str] = []
        sampled: list[str] = []
        with connection.transaction(), connection.cursor("profiles") as keys:
            keys.itersize = 10_000
            keys.execute("SELECT profile FROM profile ORDER BY profile")
            ids = export_ids(self._client, index, {"match_all": {}})
            for profile, there, indexed in _align((row[0] for row in keys), ids):
                total.profiles += there
                if there and total.profiles % step == 0:
                    sampled.append(profile)
                if not (there and indexed):
                    suspects.append(profile)
                    if len(suspects) > SUSPECTS:
                        break
        for page in _pages([*suspects, *sampled]):
            part = self.some(connection, index, page)
            total.found |= part.found
            total.refused |= part.refused
        total.sampled = len(sampled)
        return total

    def _fetch_documents(self, index: ProfileIndex, profiles: Sequence[str]) -> dict[str, tuple[int, dict[str, Any]]]:
        """The documents that there are now, whether a search finds them already or not, with their versions."""
        told = "docs._id,docs.found,docs._version,docs._source"
        answer = self._client.mget(index=index.name, ids=list(profiles), filter_path=told)
        return {each["_id"]: (each["_version"], each["_source"]) for each in answer["docs"] if each.get("found")}

    def _differing(
        self, wanted: Mapping[str, Document], indexed: Mapping[str, tuple[int, dict[str, Any]]], *, alone: bool
    ) -> dict[str, Kind]:
        found: dict[str, Kind] = dict.fromkeys(indexed.keys() - wanted.keys(), "extra")
        for profile, document in wanted.items():
            if profile not in indexed:
                found[profile] = "missing"
            elif document.body is None or not self._is_same(document.body, indexed[profile][1], alone=alone):
                found[profile] = "other"
        return found

    def _is_same(self, wanted: Mapping[str, Any], indexed: Mapping[str, Any], *, alone: bool) -> bool:
        fields = self._catalogue.fields
        return self._digest(wanted) == self._digest(indexed if alone else _without_moving(indexed, wanted, fields))

    def _digest(self, body: Mapping[str, Any]) -> str:
        return digest(_comparable(body, self._catalogue.fields))


def _comparable(body: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """The document with the number of cipher texts in their place, and hashes in one order.

    The same value never has the same cipher text, and the order of hashes is that of the keys' turns.
    """
    found = dict(body)
    for each in fields:
        value = found.get(each.name)
        if value is None:
            continue
        if each.encrypted is not None:
            found[each.name] = {**value, "cipher": len(value["cipher"])}
            if "hash" in value:
                found[each.name]["hash"] = sorted(value["hash"])
        elif each.type == "object" and each.many:
            found[each.name] = [_comparable(item, each.fields) for item in value]
        elif each.type == "object":
            found[each.name] = _comparable(value, each.fields)
    return found


def _without_moving(body: Mapping[str, Any], wanted: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """The document without hashes that the wanted one has not: they are just coming, or going."""
    found = dict(body)
    for each in fields:
        value, other = found.get(each.name), wanted.get(each.name)
        if value is None or other is None:
            continue
        if each.encrypted is not None and "hash" in value:
            found[each.name] = {**value, "hash": [one for one in value["hash"] if one in other.get("hash", ())]}
        elif each.type == "object" and each.many:
            others = [*other, *[{}] * len(value)]
            found[each.name] = [
                _without_moving(item, there, each.fields) for item, there in zip(value, others, strict=False)
            ]
        elif each.type == "object":
            found[each.name] = _without_moving(value, other, each.fields)
    return found


def _align(profiles: Iterator[str], indexed: Iterator[str]) -> Iterator[tuple[str, bool, bool]]:
    """Every key of two ascending sequences, with whether it is in the first and in the second."""
    left, right = next(profiles, None), next(indexed, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left < right):
            yield left or "", True, False
            left = next(profiles, None)
        elif left is None or right < left:
            yield right, False, True
            right = next(indexed, None)
        else:
            yield left, True, True
            left, right = next(profiles, None), next(indexed, None)


def _pages(profiles: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(dict.fromkeys(profiles))
    while page := list(islice(remaining, PAGE)):
        yield page
