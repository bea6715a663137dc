"""Reads profiles from a Parquet file, for `match`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .command import CannotRunError, reason

if TYPE_CHECKING:
    from ..ir.program import Program

SUFFIX = ".parquet"

EventsOf = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class MatchQuery:
    """The segments to evaluate, the instant, the events of a customer, and where broken profiles are reported."""

    names: Sequence[str]
    now_ms: int
    events_of: EventsOf | None
    tell: Callable[[int, str], None]


def rows(program: Program, file: str, query: MatchQuery) -> Iterator[tuple[str, list[str]]]:
    """Each profile's key with the sorted names of its segments. Raises CannotRunError."""
    with _refusals(file):
        from ..batch import memberships

        yield from memberships(
            program, file, query.names, now_ms=query.now_ms, events_of=query.events_of, tell=query.tell
        )


def sizes(program: Program, file: str, query: MatchQuery) -> Mapping[str, int]:
    """How many profiles are in each segment. Raises CannotRunError."""
    with _refusals(file):
        from ..batch import match_parquet

        return match_parquet(
            program, file, query.names, now_ms=query.now_ms, events_of=query.events_of, tell=query.tell
        ).counts


@contextmanager
def _refusals(file: str) -> Iterator[None]:
    """Turn errors about the file into CannotRunError."""
    from ..batch import BatchRefusedError

    try:
        yield
    except ImportError as problem:
        raise CannotRunError(f"Parquet files need `{problem.name}`: pip install 'decisor[batch]'") from None
    except BatchRefusedError as problem:
        raise CannotRunError(f"`{file}`: {problem}") from None
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be read: {reason(problem)}") from None
