"""Counts, over the stored customers, who would be in segments by definitions that do not run yet."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..ir.types import Catalogue
from ..segments.overrides import standing_overrides
from ..segments.registry import Definition
from ..worker.copies import memberships
from .population import Population

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(slots=True)
class Preview:
    """The effect of a definition: how many customers would be members, would enter and would leave.

    `sample` holds some of the members: those with the least hashes of their keys, the same ones on every run.
    """

    name: str
    members: int = 0
    entering: int = 0
    leaving: int = 0
    sample: list[str] = field(default_factory=list)


def preview(
    connection: Connection,
    vault: Vault,
    catalogue: Catalogue,
    definitions: Mapping[str, Definition],
    now_ms: int,
    *,
    sample: int = 10,
) -> tuple[list[Preview], int]:
    """A preview of each definition, sorted by name, and the number of customers, as of one instant.

    `catalogue` is the one that the definitions were compiled for; where profiles were folded with another one, their
    events are folded again. Overrides that stand count. Reads a page of customers at a time, in bounded memory.
    """
    overrides = standing_overrides(connection, definitions, format_instant(now_ms))
    found = {name: Preview(name) for name in sorted(definitions)}
    samples: dict[str, list[tuple[int, str]]] = {name: [] for name in found}
    customers = 0
    for page, members in Population(connection, vault, catalogue, definitions, now_ms).pages():
        customers += len(page)
        stands = _members_now(connection, page)
        for name, each in found.items():
            wanted = _with_overrides(page, set(members[name]), overrides[name])
            before = stands.get(name, set())
            each.members += len(wanted)
            each.entering += len(wanted - before)
            each.leaving += len(before - wanted)
            _keep_sample(samples[name], wanted, sample)
    for name, chosen in samples.items():
        found[name].sample = [customer for _, customer in sorted(chosen, reverse=True)]
    return list(found.values()), customers


def _with_overrides(page: Sequence[str], members: set[str], overrides: Mapping[str, bool]) -> set[str]:
    if not overrides:
        return members
    return {customer for customer in page if overrides.get(customer, customer in members)}


def _members_now(connection: Connection, page: Sequence[str]) -> dict[str, set[str]]:
    """By segment, who of these customers is a member now."""
    found: dict[str, set[str]] = {}
    for customer, segments in memberships(connection, page).items():
        for name, member in segments.items():
            if member:
                found.setdefault(name, set()).add(customer)
    return found


def _keep_sample(sample: list[tuple[int, str]], members: set[str], size: int) -> None:
    """Keep the `size` customers with the least hashes, as a heap whose first one has the greatest."""
    for customer in members:
        rank = -int.from_bytes(blake2b(customer.encode(), digest_size=8).digest(), "big")
        if len(sample) < size:
            heapq.heappush(sample, (rank, customer))
        elif sample and rank > sample[0][0]:
            heapq.heapreplace(sample, (rank, customer))
