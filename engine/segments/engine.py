"""Segments without PostgreSQL and workers: an index that somebody else fills, and sets in Redis.

engine = SegmentationEngine(elasticsearch, redis, load_workspace("shop"))
engine.create_dynamic_segment("vips")
engine.create_dynamic_segment({"name": "known", "conditions": [{"field": "country", "operator": "exists"}]})
for customer in engine.get_segment_members("vips"): ...

A segment that workers keep comes from `decisor segments rebuild`: such a one is read here, and never written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..compiler.single import compile_segment
from ..compiler.targets.elasticsearch import Exact, bind, compile_query
from ..index.export import export_pages
from ..index.names import (
    ALIAS,
    IndexRefusedError,
    ProfileIndex,
    hash_of,
    index_of,
    refuse_other_mapping,
)
from ..ir.predicate import Predicate
from ..ir.program import Program
from ..storage import keys
from ..storage.replies import text
from . import sets
from .algebra import in_none, sifted, store
from .claim import Claim, claimed
from .owners import SegmentKeptError, runs

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Definition = str | Mapping[str, Any]
Hasher = Callable[[str, Any], str]


class HasProgram(Protocol):
    """A workspace that was loaded, or a runtime."""

    @property
    def program(self) -> Program:
        """What it means."""
        ...


class InexactSegmentError(ValueError):
    """The index alone cannot tell who is in the segment."""


def _clock() -> int:
    return time.time_ns() // 1_000_000


class SegmentationEngine:
    """Builds segments from the index into Redis and reads them.

    `source` is a loaded workspace, a runtime, a program, or the path of a workspace or of a bundle. `clock` gives the
    time in ms; `hasher` gives the keyed hash of a constant of an encrypted field and is asked for each query, by
    default with the hash key that the environment names (DECISOR_KEYS_FILE or DECISOR_KEYS). The client of Redis may
    decode what it reads or not. Of two that create the same segment at the same time, in whatever processes, the later
    one waits.
    """

    def __init__(
        self,
        elasticsearch: Elasticsearch,
        redis: Any,
        source: HasProgram | Program | Path | str,
        *,
        clock: Callable[[], int] = _clock,
        alias: str = ALIAS,
        hasher: Hasher | None = None,
    ) -> None:
        self._elasticsearch = elasticsearch
        self._redis = redis
        self._clock = clock
        self._alias = alias
        self._hasher = hasher
        self.program = _program(source, clock)

    def create_dynamic_segment(self, definition: Definition) -> int:
        """Fill a segment with those whom the index has now, and switch it in at once; how many members it has.

        `definition` is the name of one of the workspace's segments, or a `Segment` as a mapping or as YAML. Raises
        DefinitionRefusedError, KeyError for an unknown name, SegmentKeptError (workers keep a segment of that name),
        InexactSegmentError, IndexRefusedError (no index, or one of another mapping), KeysRefusedError (an encrypted
        field, and no key to hash with), PartialAnswerError, SegmentBusyError (somebody else fills it for longer than a
        minute), and what the servers raise; then the segment is as it was.
        """
        name, predicate = self._compiled(definition)
        self._refuse_kept(name, f"`decisor segments rebuild {name}` fills it, and a set of your own needs another name")
        query, now_ms = self._query(name, predicate), self._clock()
        self._bound(query, now_ms)  # nothing is begun where a key is missing
        index = self._index()
        with claimed(self._redis, name) as claim:
            self._elasticsearch.indices.refresh(index=index.name)
            if self._redis.exists(keys.switched(name)):
                self._follow(name, claim, whole=True)  # an earlier process did not come so far
            known = bool(self._redis.sismember(keys.MADE, name))
            asked = export_pages(self._elasticsearch, index, lambda: self._bound(query, now_ms))
            pages = self._noted(name, asked)
            size = store(self._redis, claim.during(pages), name, keep=True, claim=claim)
            self._follow(name, claim, whole=not known)
            if size == 0:
                self._redis.srem(keys.MADE, name)
        return size

    def build_segment_query(self, definition: Definition) -> dict[str, Any]:
        """`{"query": …}` as the search API takes it, bound to now. Raises as `create_dynamic_segment` does."""
        return {"query": self._bound(self._query(*self._compiled(definition)), self._clock())}

    def remove_customer_from_segment(self, name: str, customer: str) -> bool:
        """Take a customer out of the set until it is built again; whether the customer was in it.

        Raises SegmentKeptError for a segment that workers keep: there it takes an override.
        """
        self._refuse_kept(name, f"`decisor segments remove {name} CUSTOMER` takes somebody out")
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.srem(keys.members(name), customer)
        pipeline.srem(keys.segments_of(customer), name)
        removed, _ = pipeline.execute()
        return bool(removed)

    def get_segment_members(self, name: str) -> Iterator[str]:
        """The members in no order, read as they are taken, never all in memory."""
        return sets.members(self._redis, name)

    def _refuse_kept(self, name: str, hint: str) -> None:
        if runs(self._redis, name):
            raise SegmentKeptError(f"`{name}` is kept by workers, by its conditions: {hint}")

    def _noted(self, name: str, pages: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        """The pages, and behind the last one a note that the set is ours. Raises SegmentKeptError."""
        yield from pages
        self._refuse_kept(name, "it began to run meanwhile")
        self._redis.sadd(keys.MADE, name)

    def _compiled(self, definition: Definition) -> tuple[str, Predicate]:
        if isinstance(definition, str) and ":" not in definition:
            name = definition.removeprefix("segment/")
            if name not in self.program.segments:
                from ..compiler.scope import suggestion

                told = suggestion(name, sorted(self.program.segments), "segments")
                raise KeyError(f"`{definition}` is no segment of the workspace; {told[0]}")
            return name, self.program.segments[name]
        return compile_segment(definition, self.program)

    def _query(self, name: str, predicate: Predicate) -> dict[str, Any]:
        compiled = compile_query(predicate, self.program.catalogue, self.program.lists)
        if not isinstance(compiled, Exact):
            raise InexactSegmentError(
                f"`{name}` asks what the index cannot tell exactly (events, or a very long list):"
                f" `decisor segments rebuild {name}` looks at every customer's events"
            )
        return compiled.query

    def _bound(self, query: dict[str, Any], now_ms: int) -> dict[str, Any]:
        """The query with its constants hashed by the key of this moment."""
        hasher = self._hasher or _KeyedHashes(self.program.catalogue.name)
        bound: dict[str, Any] = bind(query, now_ms, hasher)
        return bound

    def _index(self) -> ProfileIndex:
        index = index_of(self._elasticsearch, self._alias)
        if index is None:
            raise IndexRefusedError(f"there is no index under the alias `{self._alias}`: `decisor index rebuild`")
        refuse_other_mapping(hash_of(self.program.catalogue), index)
        return index

    def _follow(self, name: str, claim: Claim, *, whole: bool = False) -> None:
        """Let the customers' own sets follow a switch: of those who are new, or of everybody."""
        former, present = keys.former_members(name), keys.members(name)
        for page in claim.during(sifted(self._redis, present, [] if whole else [former], in_none)):
            pipeline = self._redis.pipeline(transaction=False)
            for customer in page:
                pipeline.sadd(keys.segments_of(text(customer)), name)
            pipeline.execute()
        for page in claim.during(sifted(self._redis, former, [present], in_none)):
            pipeline = self._redis.pipeline(transaction=False)
            for customer in page:
                pipeline.srem(keys.segments_of(text(customer)), name)
            pipeline.execute()
        pipeline = self._redis.pipeline(transaction=False)
        for erased in claim.left_out():  # pages that were read before may have brought them back
            pipeline.srem(present, erased)
            pipeline.srem(keys.segments_of(erased), name)
        pipeline.execute()
        self._redis.unlink(former, keys.switched(name))


class _KeyedHashes:
    """Hashes with the environment's hash key, which is read when a constant is first hashed."""

    def __init__(self, catalogue: str) -> None:
        self._catalogue = catalogue
        self._hash: Hasher | None = None

    def __call__(self, path: str, value: Any) -> str:
        """The keyed hash of a canonical value of an encrypted field. Raises KeysRefusedError."""
        if self._hash is None:
            self._hash = self._opened(path)
        return self._hash(path, value)

    def _opened(self, path: str) -> Hasher:
        from ..encryption.hashing import FieldHashes
        from ..encryption.key_file import KeysRefusedError
        from ..encryption.keyring import KEYS, KEYS_FILE, open_keyring

        keyring = open_keyring(os.environ)
        if keyring is None:
            raise KeysRefusedError(
                f"`{path}` is encrypted, and there are no keys: {KEYS_FILE} names a key file, {KEYS} holds its content,"
                " or the engine is given a `hasher`"
            )
        if len(keyring.hash_ids) > 1:
            raise KeysRefusedError(
                f"`{path}` is encrypted, and there are several hash keys ({', '.join(keyring.hash_ids)}), of which only"
                " PostgreSQL knows the one in use: give the engine a `hasher`, or remove the old keys"
            )
        (name,) = keyring.hash_ids
        return FieldHashes(self._catalogue, keyring.hash_key(name)).hash


def _program(source: HasProgram | Program | Path | str, clock: Callable[[], int]) -> Program:
    if isinstance(source, Program):
        return source
    if isinstance(source, Path | str):
        if Path(source).is_dir():
            from ..api import load_workspace

            return load_workspace(source).program
        from ..bundle.read import Acceptance, read_bundle
        from ..ir.instant import format_instant

        return read_bundle(Path(source), Acceptance(), format_instant(clock())).program
    return source.program
