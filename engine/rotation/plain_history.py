"""Whether the history may hold in plain what is encrypted by now: events of before a field became encrypted.

To look through the whole history would take too long, so it is written down when a field becomes encrypted, and struck
out when all data keys have been changed since, for which every event is sealed anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..ir.encrypted import Encrypted, Tree, below
from ..ir.types import Catalogue
from ..runtime.border import SET
from ..storage.facts import forget_same_facts, put_fact, read_fact

if TYPE_CHECKING:
    from psycopg import Connection

PLAIN = "plain_history"


@dataclass(frozen=True, slots=True)
class PlainHistory:
    """The fields of events, as `visit.page`, and a mark that is another one each time that some are added."""

    fields: tuple[str, ...] = ()
    mark: str = ""

    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"fields": self.fields, "mark": self.mark})


def plain_history(connection: Connection) -> PlainHistory:
    """What the history may hold in plain; no fields where it holds nothing so."""
    found = read_fact(connection, PLAIN)
    if found is None:
        return PlainHistory()
    data = json.loads(found)
    return PlainHistory(tuple(data["fields"]), data["mark"])


def note_plain_history(connection: Connection, before: Catalogue | None, now: Catalogue) -> None:
    """Write down which fields of events become encrypted with a catalogue, in the transaction that changes it."""
    row = connection.execute("SELECT EXISTS (SELECT FROM event)").fetchone()
    if before is None or not (row and row[0]):
        return
    was, trees = _trees(before), _trees(now)
    paths = {f"{kind}.{path}": (kind, path) for kind, tree in trees.items() for path in _paths(tree)}
    noted = plain_history(connection)
    new = {name for name, (kind, path) in paths.items() if below(was.get(kind, {}), path) is not None}
    fields = tuple(sorted(new | (set(noted.fields) & paths.keys())))
    if fields != noted.fields or new:
        put_fact(connection, PLAIN, PlainHistory(fields, os.urandom(6).hex()).text())


def strike_out(connection: Connection, noted: PlainHistory) -> None:
    """The history has been sealed anew since `noted` was read; what was added after that stays."""
    forget_same_facts(connection, {PLAIN: noted.text()})


def _trees(catalogue: Catalogue) -> dict[str, Tree]:
    encrypted = Encrypted(catalogue)
    made = {field.name for field in catalogue.fields if field.source is not None}  # these are never set
    return {SET: {name: each for name, each in encrypted.fields.items() if name not in made}, **encrypted.events}


def _paths(tree: Tree) -> Iterator[str]:
    for name, inside in tree.items():
        if inside is None:
            yield name
        else:
            yield from (f"{name}.{path}" for path in _paths(inside))
