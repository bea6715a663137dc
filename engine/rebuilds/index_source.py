"""The search index as a source of members: it must have come as far as the rebuild's beginning, and fit the catalogue.

What it cannot answer exactly it bounds; those candidates are then evaluated one by one. A profile that time has moved
and no worker has yet evaluated is old in the index too, and is evaluated as well.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..compiler.targets.elasticsearch import Exact, bind, compile_query
from ..index.cursors import caught_up
from ..index.export import export_pages
from ..index.names import ALIAS, IndexRefusedError, ProfileIndex, hash_of, index_of
from ..ir.canonical import digest
from ..ir.codec import encode
from ..ir.types import Catalogue
from ..segments.registry import CATALOGUE_MADE, Definition
from ..storage.facts import put_fact_of_version, read_fact
from .population import Block, Population

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

Hasher = Callable[[str, Any], str]

OVERDUE = 20_000  # profiles that time has moved and that are evaluated besides; more are a reason to evaluate all
FOLLOWER_SECONDS = 30.0

_OVERDUE = "SELECT profile FROM profile WHERE due_at <= %s::timestamptz ORDER BY profile LIMIT %s"
_OTHER_CATALOGUE = "SELECT EXISTS (SELECT FROM profile WHERE catalogue_digest <> %s)"
# Not where the registry has changed since the question was asked: it may have been another catalogue for a while.


@dataclass(frozen=True, slots=True)
class IndexSource:
    """`demanded`: somebody wants the index to be asked, so that a reason not to is an error.

    `hasher` hashes with the key that is searched at the moment when it is asked.
    """

    client: Elasticsearch
    alias: str = ALIAS
    hasher: Hasher | None = None
    demanded: bool = False
    patience: float = FOLLOWER_SECONDS

    def view(self, connection: Connection, catalogue: Catalogue, seqs: Mapping[int, int], now_ms: int) -> View | str:
        """The index as it will be asked, or why it cannot be. Raises IndexRefusedError where it is demanded."""
        try:
            index = index_of(self.client, self.alias)
            reason = self._refusal(connection, index, catalogue)
        except IndexRefusedError as problem:
            index, reason = None, str(problem)
        if index is not None and reason is None:
            overdue = _overdue(connection, now_ms)
            if len(overdue) > OVERDUE:
                reason = "time has moved more profiles than the workers have evaluated"
            elif not self._wait(connection, index, seqs):
                reason = (
                    f"the index `{index.name}` has not caught up within {self.patience:.0f} s: is a worker running?"
                )
            else:
                self.client.indices.refresh(index=index.name)
                return View(self, index, catalogue, overdue, now_ms)
        if self.demanded:
            raise IndexRefusedError(f"{reason}; `--from postgres` does without the index")
        return reason or "there is no index"

    def _refusal(self, connection: Connection, index: ProfileIndex | None, catalogue: Catalogue) -> str | None:
        if index is None:
            return f"there is no index under `{self.alias}`: `decisor index rebuild` builds it"
        if index.mapping_hash != hash_of(catalogue):
            return f"the index `{index.name}` is for another catalogue: `decisor index rebuild` builds one for this"
        if not _all_made_with(connection, digest(encode(catalogue))):
            return "some profiles were made with an earlier catalogue, and no worker has made them anew yet"
        return None

    def _wait(self, connection: Connection, index: ProfileIndex, seqs: Mapping[int, int]) -> bool:
        deadline = time.monotonic() + self.patience
        while not caught_up(connection, index, seqs):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True


@dataclass(frozen=True, slots=True)
class View:
    """The index of a moment, which has all that was committed when the rebuild began."""

    source: IndexSource
    index: ProfileIndex
    catalogue: Catalogue
    overdue: Sequence[str]
    now_ms: int

    def blocks(self, name: str, definition: Definition, population: Population) -> Iterator[Block]:
        """Blocks of the members; `population` evaluates whom the index cannot tell."""
        compiled = compile_query(definition.predicate, self.catalogue, definition.lists)
        query = compiled.query if isinstance(compiled, Exact) else compiled.surely_contains
        pages = export_pages(self.source.client, self.index, self._asked(query))
        if isinstance(compiled, Exact):
            truth = [block.members[name] for block in population.among([self.overdue])]
            yield from _corrected(name, pages, self.overdue, {each for members in truth for each in members})
        else:
            yield from population.among(_with(pages, self.overdue))

    def _asked(self, query: dict[str, Any]) -> Mapping[str, Any] | Callable[[], Mapping[str, Any]]:
        """The query bound to now, or what binds it, where the key that it is hashed with may change meanwhile."""
        hasher = self.source.hasher
        return bind(query, self.now_ms) if hasher is None else lambda: bind(query, self.now_ms, hasher)


def bounded_by_index(definition: Definition, catalogue: Catalogue) -> bool:
    """Whether asking the index for the definition narrows anything down."""
    compiled = compile_query(definition.predicate, catalogue, definition.lists)
    return isinstance(compiled, Exact) or compiled.surely_contains != _EVERYBODY


_EVERYBODY: dict[str, Any] = {"bool": {"filter": [{"match_all": {}}]}}


def _corrected(
    name: str, pages: Iterable[Sequence[str]], overdue: Sequence[str], truth: Collection[str]
) -> Iterator[Block]:
    """The pages as blocks, with the word of the evaluation for those who are overdue."""
    place = 0
    for page in pages:
        end = bisect_right(overdue, page[-1], lo=place)
        found: Sequence[str] = page
        if end > place:
            known = set(overdue[place:end])
            found = sorted({*(each for each in page if each not in known), *known.intersection(truth)})
            place = end
        yield Block(page[-1], {name: found})
    yield Block(None, {name: [each for each in overdue[place:] if each in truth]})


def _with(pages: Iterable[Sequence[str]], overdue: Sequence[str]) -> Iterator[Sequence[str]]:
    """The pages, with those who are overdue among them, in order."""
    place = 0
    for page in pages:
        end = bisect_right(overdue, page[-1], lo=place)
        yield page if end == place else sorted({*page, *overdue[place:end]})
        place = end
    if place < len(overdue):
        yield overdue[place:]


def _overdue(connection: Connection, now_ms: int) -> list[str]:
    from ..ir.instant import format_instant

    return [row[0] for row in connection.execute(_OVERDUE, (format_instant(now_ms), OVERDUE + 1))]


def _all_made_with(connection: Connection, digest_text: str) -> bool:
    """Whether every profile was made with this catalogue; once it is so, it stays so until there is another."""
    row = connection.execute("SELECT version FROM registry").fetchone()
    version = row[0] if row else 0
    if read_fact(connection, CATALOGUE_MADE) == digest_text:
        return True
    found = connection.execute(_OTHER_CATALOGUE, (digest_text,)).fetchone()
    if found is None or found[0]:
        return False
    put_fact_of_version(connection, CATALOGUE_MADE, digest_text, version)
    return True
