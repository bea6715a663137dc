"""Explains why a customer is in a segment or not: the conditions as they run, the override, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..ir.private import Private
from ..operators.evaluate import Subject
from ..profiles.event_store import read_events
from ..runtime.explain import explain
from ..runtime.fold import Folding
from .history import history
from .overrides import StoredOverride, override_of
from .registry import Definition, Registry

if TYPE_CHECKING:
    from psycopg import Connection


class UnexplainedError(LookupError):
    """There is nothing to explain; the message says why."""


def explain_membership(
    connection: Connection,
    vault: Vault,
    registry: Registry,
    asked: tuple[str, str, int],
    *,
    reveal: bool = False,
) -> dict[str, Any]:
    """The explanation of `asked`: segment, customer and instant (ms). Raises UnexplainedError.

    `conditions` is the tree of `engine.runtime.explain` and `holds` its verdict. `override` is the override, if there
    is or was one (`ended` says which), and `wanted` what follows from both. `member` is what is stored, and `since` the
    transition that made it so; it is null, with `since_withheld`, if the instant would reveal something private.
    """
    name, customer, now_ms = asked
    definition = _definition(registry, name)
    if registry.catalogue is None:
        raise UnexplainedError("nothing runs yet")
    row = connection.execute("SELECT EXISTS (SELECT FROM profile WHERE profile = %s)", (customer,)).fetchone()
    if row is None or not row[0]:
        raise UnexplainedError("no such customer is stored: they have sent no event so far, or were erased")
    catalogue = registry.catalogue
    events = [event for _, event in read_events(connection, [customer], vault, catalogue.key)]
    lists = {each: frozenset(members) for each, members in definition.lists.items()}

    folding = Folding(catalogue)

    def profile_at(at_ms: int) -> Mapping[str, Any]:
        return folding.profile(customer, events, at_ms)

    subject = Subject(profile_at(now_ms), events, lists, catalogue.key)
    tree = explain(definition.predicate, subject, now_ms, catalogue=catalogue, reveal=reveal, profile_at=profile_at)
    override = override_of(connection, name, customer)
    moves = [each for each in history(connection, customer) if each.segment == name]
    holds = bool(tree["holds"])
    hidden = not reveal and Private(catalogue).is_revealed_by(definition.predicate)
    stands = override is not None and _stands(override, now_ms)
    return {
        "segment": name,
        "customer": customer,
        "at": format_instant(now_ms),
        "digest": definition.digest,
        "conditions": tree,
        "holds": holds,
        "override": None if override is None else asdict(override) | {"ended": not stands},
        "wanted": override.included if override is not None and stands else holds,
        "member": bool(moves) and moves[-1].entered,
        "since": asdict(moves[-1]) if moves and not hidden else None,
        **({"since_withheld": True} if hidden else {}),
    }


def _definition(registry: Registry, name: str) -> Definition:
    definition = registry.active.get(name) or registry.building.get(name)
    if definition is None:
        raise UnexplainedError(f"`{name}` does not run: `decisor segments rebuild {name}` fills it first")
    return definition


def _stands(override: StoredOverride, now_ms: int) -> bool:
    return override.expires_at is None or override.expires_at > format_instant(now_ms)
