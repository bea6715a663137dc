"""Segments without PostgreSQL and workers, from a search index that is filled elsewhere and sets in Redis.

engine = SegmentationEngine(elasticsearch, redis, load_workspace("shop"))
engine.create_dynamic_segment("vips")
engine.create_dynamic_segment({"name": "known", "conditions": [{"field": "country", "operator": "exists"}]})
for customer in engine.get_segment_members("vips"): ...

Segments that workers maintain come from `decisor segments rebuild`; they are only read here, never written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

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
from ..storage.redis_protocol import AnyRedis, RedisClient
from ..storage.replies import text
from . import sets
from .algebra import filter_members, in_none, store
from .claim import Claim, hold_claim
from .owners import SegmentKeptError, runs

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Definition = str | Mapping[str, Any]
Hasher = Callable[[str, Any], str]


class HasProgram(Protocol):
    """A loaded workspace, or a runtime."""

    @property
    def program(self) -> Program:
        """Its program."""
        ...


class InexactSegmentError(ValueError):
    """The index alone cannot determine who is in the segment."""


def _clock() -> int:
    return time.time_ns() // 1_000_000


class SegmentationEngine:
    """Builds segments from the index into Redis and reads them.

    `source` is a loaded workspace, a runtime, a program, or the path of a workspace or of a bundle. `clock` gives the
    time in ms. `hasher` returns the keyed hash of a constant of an encrypted field and is called for each query; by
    default it uses the hash key that the environment names (DECISOR_KEYS_FILE or DECISOR_KEYS). The Redis client may
    decode responses or not. If two processes create the same segment at the same time, the later one waits.
    """

    def __init__(
        self,
        elasticsearch: Elasticsearch,
        redis: AnyRedis,
        source: HasProgram | Program | Path | str,
        *,
        clock: Callable[[], int] = _clock,
        alias: str = ALIAS,
        hasher: Hasher | None = None,
    ) -> None:
        self._elasticsearch = elasticsearch
        self._redis = cast("RedisClient", redis)
        self._clock = clock
        self._alias = alias
        self._hasher = hasher
        self.program = _program(source, clock)

    def create_dynamic_segment(self, definition: Definition) -> int:
        """Fill a segment with the customers that the index finds now, and switch it in at once; returns its size.

        `definition` is the name of one of the workspace's segments, or a `Segment` as a mapping or as YAML. Raises
        DefinitionRefusedError, KeyError for an unknown name, SegmentKeptError (workers maintain that segment),
        InexactSegmentError, IndexRefusedError (no index, or one with another mapping), KeysRefusedError (an encrypted
        field, and no key to hash with), PartialAnswerError, SegmentBusyError (others fill it for longer than a
        minute), and what the servers raise; the segment is unchanged then.
        """
        name, predicate = self._compile(definition)
        self._refuse_kept(name, f"fill it with `decisor segments rebuild {name}`, or use another name for your own set")
        query, now_ms = self._query(name, predicate), self._clock()
        self._bind(query, now_ms)  # so that nothing is started when a key is missing
        index = self._index()
        with hold_claim(self._redis, name) as claim:
            self._elasticsearch.indices.refresh(index=index.name)
            if self._redis.exists(keys.switch_mark(name)):
                self._follow(name, claim, whole=True)  # an earlier process did not get this far
            known = bool(self._redis.sismember(keys.MADE, name))
            asked = export_pages(self._elasticsearch, index, lambda: self._bind(query, now_ms))
            pages = self._record_as_ours(name, asked)
            size = store(self._redis, claim.during(pages), name, keep=True, claim=claim)
            self._follow(name, claim, whole=not known)
            if size == 0:
                self._redis.srem(keys.MADE, name)
        return size

    def build_segment_query(self, definition: Definition) -> dict[str, Any]:
        """`{"query": …}` for the search API, bound to now. Raises what `create_dynamic_segment` raises."""
        return {"query": self._bind(self._query(*self._compile(definition)), self._clock())}

    def remove_customer_from_segment(self, name: str, customer: str) -> bool:
        """Remove a customer from the set until it is built again; returns whether the customer was in it.

        Raises SegmentKeptError for a segment that workers maintain: that takes an override.
        """
        self._refuse_kept(name, f"`decisor segments remove {name} CUSTOMER` removes a customer")
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.srem(keys.members(name), customer)
        pipeline.srem(keys.segments_of(customer), name)
        removed, _ = pipeline.execute()
        return bool(removed)

    def get_segment_members(self, name: str) -> Iterator[str]:
        """The members in no particular order, read lazily and never all in memory."""
        return sets.members(self._redis, name)

    def _refuse_kept(self, name: str, hint: str) -> None:
        if runs(self._redis, name):
            raise SegmentKeptError(f"`{name}` is maintained by workers, from its conditions: {hint}")

    def _record_as_ours(self, name: str, pages: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        """The pages; after the last one, records that the set is ours. Raises SegmentKeptError."""
        yield from pages
        self._refuse_kept(name, "it started running in the meantime")
        self._redis.sadd(keys.MADE, name)

    def _compile(self, definition: Definition) -> tuple[str, Predicate]:
        if isinstance(definition, str) and ":" not in definition:
            name = definition.removeprefix("segment/")
            if name not in self.program.segments:
                from ..compiler.scope import suggestion

                help_lines = suggestion(name, sorted(self.program.segments), "segments")
                raise KeyError(f"`{definition}` is not a segment of the workspace; {help_lines[0]}")
            return name, self.program.segments[name]
        return compile_segment(definition, self.program)

    def _query(self, name: str, predicate: Predicate) -> dict[str, Any]:
        compiled = compile_query(predicate, self.program.catalogue, self.program.lists)
        if not isinstance(compiled, Exact):
            raise InexactSegmentError(
                f"`{name}` asks something that the index cannot answer exactly (events, or a very long list):"
                f" use `decisor segments rebuild {name}`, which reads every customer's events"
            )
        return compiled.query

    def _bind(self, query: dict[str, Any], now_ms: int) -> dict[str, Any]:
        """The query with its constants hashed with the current key."""
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
        """Update the customers' own sets after a switch: those of new members, or with `whole` of all members."""
        former, present = keys.former_members(name), keys.members(name)
        for page in claim.during(filter_members(self._redis, present, [] if whole else [former], in_none)):
            pipeline = self._redis.pipeline(transaction=False)
            for customer in page:
                pipeline.sadd(keys.segments_of(text(customer)), name)
            pipeline.execute()
        for page in claim.during(filter_members(self._redis, former, [present], in_none)):
            pipeline = self._redis.pipeline(transaction=False)
            for customer in page:
                pipeline.srem(keys.segments_of(text(customer)), name)
            pipeline.execute()
        pipeline = self._redis.pipeline(transaction=False)
        for erased in claim.erased_customers():  # pages that were read earlier may have brought them back
            pipeline.srem(present, erased)
            pipeline.srem(keys.segments_of(erased), name)
        pipeline.execute()
        self._redis.unlink(former, keys.switch_mark(name))


class _KeyedHashes:
    """Hashes with the environment's hash key, which is read when a constant is first hashed."""

    def __init__(self, catalogue: str) -> None:
        self._catalogue = catalogue
        self._hash: Hasher | None = None

    def __call__(self, path: str, value: Any) -> str:
        """The keyed hash of a canonical value of an encrypted field. Raises KeysRefusedError."""
        if self._hash is None:
            self._hash = self._open_hash(path)
        return self._hash(path, value)

    def _open_hash(self, path: str) -> Hasher:
        from ..encryption.hashing import FieldHashes
        from ..encryption.key_file import KeysRefusedError
        from ..encryption.keyring import KEYS, KEYS_FILE, open_keyring

        keyring = open_keyring(os.environ)
        if keyring is None:
            raise KeysRefusedError(
                f"`{path}` is encrypted, and there are no keys: {KEYS_FILE} names a key file, {KEYS} holds its content,"
                " or pass a `hasher` to the engine"
            )
        if len(keyring.hash_ids) > 1:
            raise KeysRefusedError(
                f"`{path}` is encrypted, and there are several hash keys ({', '.join(keyring.hash_ids)}); only"
                " PostgreSQL knows which one is in use: pass a `hasher` to the engine, or remove the old keys"
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
