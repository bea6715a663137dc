"""The search index as a source of members: it must have caught up with the rebuild's start, and match the catalogue.

Where the index has no exact answer, it narrows down the candidates, who are then evaluated one by one. An overdue
profile that no worker has evaluated yet is outdated in the index too, and is evaluated as well.
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

OVERDUE = 20_000  # overdue profiles that are evaluated in addition; if there are more, all profiles are evaluated
FOLLOWER_SECONDS = 30.0

_OVERDUE = "SELECT profile FROM profile WHERE due_at <= %s::timestamptz ORDER BY profile LIMIT %s"
_OTHER_CATALOGUE = "SELECT EXISTS (SELECT FROM profile WHERE catalogue_digest <> %s)"
# Not if the registry has changed since the query: another catalogue may have been in force for a while.


@dataclass(frozen=True, slots=True)
class IndexSource:
    """The index to use. `demanded` means that it must be used: a reason not to is then an error.

    `hasher` hashes with the key that is in use for searching when it is called.
    """

    client: Elasticsearch
    alias: str = ALIAS
    hasher: Hasher | None = None
    demanded: bool = False
    patience: float = FOLLOWER_SECONDS

    def view(self, connection: Connection, catalogue: Catalogue, seqs: Mapping[int, int], now_ms: int) -> View | str:
        """The index as it will be queried, or why it cannot be. Raises IndexRefusedError if it is demanded."""
        try:
            index = index_of(self.client, self.alias)
            reason = self._refusal(connection, index, catalogue)
        except IndexRefusedError as problem:
            index, reason = None, str(problem)
        if index is not None and reason is None:
            overdue = _overdue(connection, now_ms)
            if len(overdue) > OVERDUE:
                reason = "too many profiles are overdue and not yet evaluated by workers"
            elif not self._wait(connection, index, seqs):
                reason = (
                    f"the index `{index.name}` has not caught up within {self.patience:.0f} s: is a worker running?"
                )
            else:
                self.client.indices.refresh(index=index.name)
                return View(self, index, catalogue, overdue, now_ms)
        if self.demanded:
            raise IndexRefusedError(f"{reason}; `--from postgres` works without the index")
        return reason or "there is no index"

    def _refusal(self, connection: Connection, index: ProfileIndex | None, catalogue: Catalogue) -> str | None:
        if index is None:
            return f"there is no index under `{self.alias}`: `decisor index rebuild` builds it"
        if index.mapping_hash != hash_of(catalogue):
            return f"the index `{index.name}` is for another catalogue: `decisor index rebuild` builds one for this"
        if not _all_made_with(connection, digest(encode(catalogue))):
            return "some profiles were folded with an earlier catalogue, and workers have yet to refold them"
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
    """The index at a moment when it has everything that was committed before the rebuild began."""

    source: IndexSource
    index: ProfileIndex
    catalogue: Catalogue
    overdue: Sequence[str]
    now_ms: int

    def blocks(self, name: str, definition: Definition, population: Population) -> Iterator[Block]:
        """Blocks of the members; `population` evaluates customers on whom the index has no exact answer."""
        compiled = compile_query(definition.predicate, self.catalogue, definition.lists)
        query = compiled.query if isinstance(compiled, Exact) else compiled.surely_contains
        pages = export_pages(self.source.client, self.index, self._bind_query(query))
        if isinstance(compiled, Exact):
            truth = [block.members[name] for block in population.among([self.overdue])]
            yield from _correct_overdue(name, pages, self.overdue, {each for members in truth for each in members})
        else:
            yield from population.among(_with(pages, self.overdue))

    def _bind_query(self, query: dict[str, Any]) -> Mapping[str, Any] | Callable[[], Mapping[str, Any]]:
        """The query bound to now, or a function that binds it, if the hash key may change in the meantime."""
        hasher = self.source.hasher
        return bind(query, self.now_ms) if hasher is None else lambda: bind(query, self.now_ms, hasher)


def bounded_by_index(definition: Definition, catalogue: Catalogue) -> bool:
    """Whether querying the index for the definition narrows anything down."""
    compiled = compile_query(definition.predicate, catalogue, definition.lists)
    return isinstance(compiled, Exact) or compiled.surely_contains != _EVERYBODY


_EVERYBODY: dict[str, Any] = {"bool": {"filter": [{"match_all": {}}]}}


def _correct_overdue(
    name: str, pages: Iterable[Sequence[str]], overdue: Sequence[str], truth: Collection[str]
) -> Iterator[Block]:
    """The pages as blocks, with the evaluation's verdict on overdue customers."""
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
    """The pages with the overdue customers merged in, in order."""
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
    """Whether every profile was folded with this catalogue; once true, it stays true until there is another one."""
    row = connection.execute("SELECT version FROM registry").fetchone()
    version = row[0] if row else 0
    if read_fact(connection, CATALOGUE_MADE) == digest_text:
        return True
    found = connection.execute(_OTHER_CATALOGUE, (digest_text,)).fetchone()
    if found is None or found[0]:
        return False
    put_fact_of_version(connection, CATALOGUE_MADE, digest_text, version)
    return True
