"""Writes `docs/operators.md` from the operators themselves: `python -m tools.operators_page`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.compiler.targets.elasticsearch import Exact, compile_query
from engine.compiler.targets.sql import DIALECTS, compile_sql
from engine.ir.predicate import Predicate
from engine.ir.types import Catalogue, Field, FieldType
from engine.operators.core import Dialect, Unsupported
from engine.operators.registry import OPERATORS, lower
from engine.operators.surface import ABSENT, Lists, Operand, Operator, Refused

PAGE = Path(__file__).parent.parent / "docs" / "operators.md"
HEAD = """\
# Operators

Written by `python -m tools.operators_page` from the operators themselves; change those, not this page.

A condition is `{field, operator, value}`. A list of a type takes the type's operators, and holds if some element does,
unless the table says otherwise. What an operator means on a missing value is in its column; `not` is plain complement.
[language.md](language.md) says the rest.

"""
TARGETS_HEAD = """
## On every target

Each cell is held to the operator's one meaning by generated predicates and profiles, the real servers included. What a
target cannot answer exactly is said so when compiling; the matcher in process answers everything.

"""
NOTES = """
Conditions on events (`events:`) are answered from the events themselves, by the matcher. SQL refuses them. The
Elasticsearch target gives two queries, one that surely contains the segment and one that lies surely within it; so it
does for a `list:` of more than 65,536 members.

Points are compared on the grid of the index, 2^32 cells each way, which moves a point by at most 1 cm. Distances are
haversine on a sphere with a radius of 6,371,008.7714 m.

Encrypted fields with `search: equality` take `equals`, `not_equals`, `in`, `not_in`, `exists` and `missing`; with
`search: none` the last two. Constants stay parameters (`{"$hash": …}`) until the query is bound, so that compiling
needs no key. In SQL the column holds the keyed hashes, or with `search: none` whether there is a value.
"""
_LISTS: dict[Lists, str] = {"both": "{}", "scalar": "{} (no list)", "list": "list of {}"}
_SAMPLES: dict[FieldType, Any] = {
    "keyword": "US",
    "text": "free jazz",
    "number": 1000,
    "integer": 5,
    "boolean": True,
    "date": "2026-03-01T09:30:00Z",
}
_OWN: dict[str, Any] = {
    "between": [100, 500],
    "starts_with": "San",
    "ends_with": "burg",
    "substring": "50%",
    "like": "S*?",
    "matches": "[A-Z]{2}",
    "within_last": "30d",
    "older_than": "30d",
    "within_next": "12h",
    "within_last_days": 7,
    "within_last_weeks": 2,
    "within_last_months": 3,
    "anniversary_within": 7,
    "within_distance": {"lat": 52.52, "lon": 13.405, "distance": "5km"},
}


def page() -> str:
    """The whole page."""
    return "".join([HEAD, *_meanings(), TARGETS_HEAD, *_cells(), NOTES])


def _meanings() -> Iterator[str]:
    yield "| operator | on | meaning | missing | example |\n| --- | --- | --- | --- | --- |\n"
    for operator in OPERATORS.values():
        example = operator.example.replace("|", "\\|")
        row = (f"`{operator.name}`", _types(operator), operator.summary, operator.missing, f"`{example}`")
        yield f"| {' | '.join(row)} |\n"


def _types(operator: Operator) -> str:
    if len(operator.applies) > 8:
        return "every type"
    return ", ".join(_LISTS[lists].format(kind) for kind, lists in operator.applies.items())


def _cells() -> Iterator[str]:
    yield "| operator | Elasticsearch | DuckDB | PostgreSQL |\n| --- | --- | --- | --- |\n"
    for operator in OPERATORS.values():
        for kind, lists in _shown_types(operator):
            field = Field("field", kind, many=lists == "list")
            catalogue = Catalogue("customer", "customer_id", (field,))
            predicate = _sample(operator, field)
            name = f"`{operator.name}`" + (f" on {_LISTS[lists].format(kind)}" if len(operator.applies) == 2 else "")
            cells = [_query(predicate, catalogue), *(_sql(predicate, catalogue, dialect) for dialect in DIALECTS)]
            yield f"| {name} | {' | '.join(cells)} |\n"


def _shown_types(operator: Operator) -> list[tuple[FieldType, Lists]]:
    """Every type where text and lists are compared differently, otherwise one for all."""
    found = list(operator.applies.items())
    return found if len(found) == 2 else found[:1]


def _sample(operator: Operator, field: Field) -> Predicate:
    value = _OWN.get(operator.name, _SAMPLES.get(field.type))
    if operator.value_schema is None:
        value = ABSENT
    elif operator.name in {"in", "not_in"} or (operator.name == "contains_all" and field.type == "keyword"):
        value = ["US", "CA"]
    predicate = lower(Operand("field", field), operator.name, value)
    if isinstance(predicate, Refused):
        raise TypeError(f"the sample of {operator.name} is refused: {predicate.message}")
    return predicate


def _query(predicate: Predicate, catalogue: Catalogue) -> str:
    compiled = compile_query(predicate, catalogue)
    if not isinstance(compiled, Exact):
        raise TypeError("every operator has an exact query")
    clauses = compiled.query["bool"]["filter"]
    return _code(", ".join(json.dumps(clause, ensure_ascii=False) for clause in clauses))


def _sql(predicate: Predicate, catalogue: Catalogue, dialect: Dialect) -> str:
    compiled = compile_sql(predicate, catalogue, dialect)
    if isinstance(compiled, Unsupported):
        return f"unsupported: {compiled.reason.partition(': ')[2]}"
    return _code(compiled.where.removesuffix(" IS TRUE")[1:-1])


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
