"""The indices of profiles in a cluster: their names, which one is live, and how one is made.

`customer_profiles-<12 hex digits of the mapping's hash>-<generation>` is an index. The alias `customer_profiles` names
the live one, `customer_profiles.next` the one that is being built, and both change hands in one call. Documents are
written through an alias that each index has for itself (`….into-…`) and that must exist: a write to an index that was
deleted is refused, where a write under its own name would make the server create another one, without our mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from ..compiler.mapping import index_mapping, mapping_hash
from ..ir.types import Catalogue

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

ALIAS: Final = "customer_profiles"
VARIABLE: Final = "DECISOR_INDEX_ALIAS"
HASH_DIGITS: Final = 12

Role = Literal["live", "next", "previous"]

_TOLD: Final = "*.aliases,*.mappings._meta,*.settings.index.uuid"


class IndexRefusedError(RuntimeError):
    """The index does not fit the request; the message describes both and says what to do."""


class OtherMappingError(IndexRefusedError):
    """A query was compiled for another mapping than the live index has."""


@dataclass(frozen=True, slots=True)
class ProfileIndex:
    """One index of profiles; `key` is the field that holds the customer id, by which it is sorted."""

    name: str
    uuid: str
    mapping_hash: str
    key: str
    generation: int
    role: Role
    alias: str = ALIAS

    @property
    def into(self) -> str:
        """The alias through which documents are written."""
        return f"{self.alias}.into{self.name.removeprefix(self.alias)}"


def alias_of(environ: Mapping[str, str]) -> str:
    """The alias of the live index: `customer_profiles`, or another one if installations share a cluster."""
    given = environ.get(VARIABLE) or ALIAS
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", given):
        raise IndexRefusedError(
            f"{VARIABLE}: `{given}` is not a name for an alias: expected at most 100 small letters, digits and `_`"
        )
    return given


def next_alias(alias: str = ALIAS) -> str:
    """The alias of the index that is being built."""
    return f"{alias}.next"


def index_name(hash_text: str, generation: int, alias: str = ALIAS) -> str:
    """The name of an index."""
    return f"{alias}-{hash_text.removeprefix('sha256:')[:HASH_DIGITS]}-{generation}"


def hash_of(catalogue: Catalogue) -> str:
    """The hash of the mapping of a catalogue's profiles."""
    return mapping_hash(index_mapping(catalogue))


def all_indices(client: Elasticsearch, alias: str = ALIAS) -> list[ProfileIndex]:
    """Every index of profiles in the cluster, the oldest first. Raises IndexRefusedError as `index_of` does."""
    pattern = re.compile(rf"{re.escape(alias)}-[0-9a-f]{{{HASH_DIGITS}}}-([1-9][0-9]*)")
    params = {"features": "aliases,mappings,settings", "filter_path": _TOLD, "allow_no_indices": "true"}
    path = f"/{alias}-*,{alias}*"  # the alias too, for one that names what is none of ours
    found: dict[str, Any] = dict(client.perform_request("GET", path, params=params, headers=_JSON).body)
    indices = []
    for name, each in found.items():
        match = pattern.fullmatch(name)
        meta = each.get("mappings", {}).get("_meta", {})
        if match and meta.get("mapping_hash"):
            role = _role(each.get("aliases", {}), alias)
            uuid = each["settings"]["index"]["uuid"]
            indices.append(ProfileIndex(name, uuid, meta["mapping_hash"], meta["key"], int(match[1]), role, alias))
        elif alias in each.get("aliases", {}) or name == alias:
            raise IndexRefusedError(
                f"`{alias}` names the index `{name}`, which decisor did not make: remove that alias or index, or name"
                f" another alias in {VARIABLE}"
            )
    return sorted(indices, key=lambda each: each.generation)


_JSON: Final = {"accept": "application/json"}


def _role(aliases: Mapping[str, Any], alias: str) -> Role:
    if alias in aliases:
        return "live"
    return "next" if next_alias(alias) in aliases else "previous"


def index_of(client: Elasticsearch, alias: str = ALIAS) -> ProfileIndex | None:
    """The live index, or None before there is one.

    Raises IndexRefusedError where the alias names what decisor did not make, or more than one index.
    """
    return live_among(all_indices(client, alias))


def live_among(indices: list[ProfileIndex]) -> ProfileIndex | None:
    """The live one of these, or None. Raises IndexRefusedError where there are more."""
    live = [each for each in indices if each.role == "live"]
    if len(live) > 1:
        raise IndexRefusedError(
            f"`{live[0].alias}` names {len(live)} indices, {', '.join(each.name for each in live)}: expected one;"
            " remove the alias from the others"
        )
    return live[0] if live else None


def refuse_other_mapping(compiled_hash: str, live: ProfileIndex) -> None:
    """Check that a query compiled for a mapping fits the live index. Raises OtherMappingError."""
    if compiled_hash != live.mapping_hash:
        raise OtherMappingError(
            f"the index `{live.name}` has the mapping {live.mapping_hash}, the query was compiled for {compiled_hash}:"
            " `decisor index rebuild` builds an index for the workspace's catalogue"
        )


def create_index(
    client: Elasticsearch, catalogue: Catalogue, generation: int, role: Role, alias: str = ALIAS
) -> ProfileIndex:
    """A new, empty index under the alias of its role.

    It is sorted by key, so that reading it out in key order need not sort; how many copies are kept follows the nodes.
    Where deleted documents are to be expunged, a segment with a single one is written anew: somebody was erased.
    """
    mapping = index_mapping(catalogue)
    digest = mapping_hash(mapping)
    name = index_name(digest, generation, alias)
    index = ProfileIndex(name, "", digest, catalogue.key, generation, role, alias)
    aliases: dict[str, Any] = {index.into: {}}
    if role != "previous":
        aliases[alias if role == "live" else next_alias(alias)] = {}
    client.indices.create(
        index=name,
        aliases=aliases,
        settings={
            "index": {
                **mapping["settings"]["index"],
                "number_of_shards": 1,
                "auto_expand_replicas": "0-1",
                "sort": {"field": [catalogue.key], "order": ["asc"]},
                "merge": {"policy": {"expunge_deletes_allowed": 0}},
            }
        },
        mappings={**mapping["mappings"], "_meta": {"mapping_hash": digest, "key": catalogue.key}},
    )
    return next(each for each in all_indices(client, alias) if each.name == name)
