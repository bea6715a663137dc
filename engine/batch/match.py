"""Profiles of a Parquet file against segments: how many are in each, or which segments each profile is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compiler.targets.sql.names import quote
from ..ir.program import Program
from .batches import REST, ROWS, Batches, Run, Tell
from .in_process import EventsOf
from .plan import BatchPlan, plan_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VIEW = "profiles"


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How many of the `profiles` are in each segment; `refused` rows broke the catalogue and are in none.

    `in_process` are the segments that SQL cannot answer, with the reason; they were matched profile by profile.
    """

    counts: Mapping[str, int]
    profiles: int
    refused: int = 0
    in_process: Mapping[str, str] = field(default_factory=dict)


def match_parquet(  # noqa: PLR0913 - what there is to say about a run, each named
    program: Program,
    file: Path | str,
    names: Iterable[str] | None = None,
    *,
    now_ms: int,
    events_of: EventsOf | None = None,
    tell: Tell | None = None,
    threads: int | None = None,
) -> BatchResult:
    """The sizes of the named segments, or of all, in bounded memory.

    `events_of` gives the canonical events of a customer in event order; where it is given, profiles follow from events,
    and a row that states what is computed from them is refused. `tell` is called, perhaps from another thread,
    with the number of each row that breaks the catalogue and with what is wrong. `threads` are those of the machine
    where they are not given. Raises KeyError for a name that is no segment, BatchRefusedError for a file that does not
    fit, OSError for one that cannot be read.
    """
    plan = plan_of(program, program.segments if names is None else names, now_ms, with_events=events_of is not None)
    batches = Batches(Path(file), program, plan, Run(now_ms, events_of, tell, threads))
    counts = dict.fromkeys((*plan.conditions, *plan.reasons), 0)
    if plan.conditions:
        counts |= zip(plan.conditions, _count_members(plan, batches, threads), strict=True)
    else:
        for _ in batches.stream():
            pass
    counts |= batches.rest_counts
    return BatchResult(dict(sorted(counts.items())), batches.profiles, batches.refused, plan.reasons)


def memberships(
    program: Program,
    file: Path | str,
    names: Iterable[str] | None = None,
    *,
    now_ms: int,
    events_of: EventsOf | None = None,
    tell: Tell | None = None,
) -> Iterator[tuple[str, list[str]]]:
    """Each profile's key with the sorted names of its segments, in the order of the file; otherwise as `match_parquet`.

    Errors are raised when the first is asked for.
    """
    plan = plan_of(program, program.segments if names is None else names, now_ms, with_events=events_of is not None)
    batches = Batches(Path(file), program, plan, Run(now_ms, events_of, tell))
    if not plan.conditions:
        for batch in batches.stream():
            yield from _named_rows(batch, plan)
        return
    columns = [f"({condition})" for condition in plan.conditions.values()]
    columns += [quote(REST)] if plan.rest is not None else []
    statement = f"SELECT {quote(program.catalogue.key)}, {', '.join(columns)} FROM {VIEW}"  # noqa: S608 - as below
    stream = batches.stream()  # made in a thread of its own; more than one in the query would mix up the order
    with _connection(1) as connection, _problems(batches):
        connection.register(VIEW, stream)
        found = connection.sql(statement, params=dict(plan.parameters))
        for batch in found.to_arrow_reader(ROWS):
            yield from _named_rows(batch, plan)


def _count_members(plan: BatchPlan, batches: Batches, threads: int | None) -> Sequence[int]:
    counts = [f"count_if({condition})" for condition in plan.conditions.values()]
    statement = f"SELECT {', '.join(counts)} FROM {VIEW}"  # noqa: S608 - conditions of ours, values bound
    stream = batches.stream()
    with _connection(threads) as connection, _problems(batches):
        connection.register(VIEW, stream)
        found = connection.execute(statement, dict(plan.parameters)).fetchone() or ()
    return [count or 0 for count in found]  # of no rows, `count_if` is null


@contextmanager
def _connection(threads: int | None) -> Iterator[DuckDBPyConnection]:
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {} if threads is None else {"threads": threads}
    connection = duckdb.connect(config=config)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _problems(batches: Batches) -> Iterator[None]:
    """What went wrong with reading comes out as itself, not as DuckDB's account of it."""
    import duckdb

    try:
        yield
    except duckdb.Error:
        if batches.problem is not None:
            raise batches.problem from None
        raise


def _named_rows(batch: Any, plan: BatchPlan) -> Iterator[tuple[str, list[str]]]:
    """The key and the sorted names of each row: the key, one truth value for each condition, numbers of the rest."""
    import pyarrow.compute as pc

    found: list[list[str]] = [[] for _ in range(batch.num_rows)]
    for name, column in zip(plan.conditions, batch.columns[1:], strict=False):
        for row in pc.indices_nonzero(column).to_pylist():
            found[row].append(name)
    if plan.rest is not None:
        rest = list(plan.reasons)
        for row, numbers in enumerate(batch.columns[-1].to_pylist()):
            found[row] = sorted([*found[row], *(rest[number] for number in numbers)])
    yield from zip(batch.column(0).to_pylist(), found, strict=True)
