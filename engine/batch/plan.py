"""How segments are answered: most by conditions in SQL over coded columns, the rest profile by profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..compiler.targets.sql import compile_sql
from ..ir.predicate import Predicate
from ..ir.program import Program
from ..ir.walk import fields, leaf_count
from ..operators.core import Unsupported
from ..runtime.matcher import Matcher
from .coding import Coding
from .columns import Asked, asked_column

SQL_LEAVES = 10_000
"""Conditions in one query. DuckDB plans each for some 0.1 ms, so beyond that the matcher's index is the faster way."""

_TYPED = re.compile(r"CAST\((\$\w+) AS (?:BIGINT|BOOLEAN|DOUBLE|VARCHAR)\)")
"""A cast of what comes with its type as it is bound; planning takes DuckDB some 20 µs for each."""


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """`conditions` are SQL by segment, null standing for false; `reasons` say why the `rest` has none."""

    conditions: Mapping[str, str]
    parameters: Mapping[str, Any]
    columns: tuple[Asked, ...]
    rest: Matcher | None
    rest_fields: tuple[str, ...]
    reasons: Mapping[str, str]


def plan_of(program: Program, names: Iterable[str], now_ms: int, *, with_events: bool = False) -> BatchPlan:
    """The plan for some segments at a time. Raises KeyError for a name that is none.

    `with_events` says that profiles follow from events, row by row: then what reads their fields is not for SQL.
    """
    segments = {name: program.segments[name] for name in sorted(set(names))}
    lists = {name: frozenset(members) for name, members in program.lists.items()}
    coding = Coding(program.catalogue)
    catalogue = coding.coded_catalogue(tuple(lists))
    conditions: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    asked: set[str] = set()
    room = SQL_LEAVES
    for number, (name, predicate) in enumerate(segments.items()):
        if with_events and set(fields(predicate)) - {program.catalogue.key}:
            reasons[name] = "profiles follow from the events that are given"
            continue
        room -= leaf_count(predicate)
        if room < 0:
            reasons[name] = f"the query has its {SQL_LEAVES:,} conditions already"
            continue
        coded = coding.of(predicate)
        query = compile_sql(coded, catalogue, "duckdb", f"s{number}_")
        if isinstance(query, Unsupported):
            reasons[name] = query.reason
            continue
        conditions[name] = _TYPED.sub(r"\1", query.where.removesuffix(" IS TRUE"))
        parameters |= query.bind(now_ms)
        asked |= fields(coded)
    rest = [(name, segments[name]) for name in reasons]
    return BatchPlan(
        conditions,
        parameters,
        tuple(asked_column(name, coding, program.catalogue, lists) for name in sorted(asked)),
        Matcher(rest, lists, program.catalogue.key) if rest else None,
        _read(predicate for _, predicate in rest),
        reasons,
    )


def _read(predicates: Iterable[Predicate]) -> tuple[str, ...]:
    return tuple(sorted({name for predicate in predicates for name in fields(predicate)}))
