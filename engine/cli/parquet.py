"""Profiles out of a Parquet file, for `match`."""

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
class Asked:
    """Which segments are asked for and when, the events of a customer, and who is told of broken profiles."""

    names: Sequence[str]
    now_ms: int
    events_of: EventsOf | None
    tell: Callable[[int, str], None]


def rows(program: Program, file: str, asked: Asked) -> Iterator[tuple[str, list[str]]]:
    """Each profile's key with the sorted names of its segments. Raises CannotRunError."""
    with _refusals(file):
        from ..batch import memberships

        yield from memberships(
            program, file, asked.names, now_ms=asked.now_ms, events_of=asked.events_of, tell=asked.tell
        )


def sizes(program: Program, file: str, asked: Asked) -> Mapping[str, int]:
    """How many profiles are in each segment. Raises CannotRunError."""
    with _refusals(file):
        from ..batch import match_parquet

        return match_parquet(
            program, file, asked.names, now_ms=asked.now_ms, events_of=asked.events_of, tell=asked.tell
        ).counts


@contextmanager
def _refusals(file: str) -> Iterator[None]:
    """What is wrong with the file, in words for who runs the command."""
    from ..batch import BatchRefusedError

    try:
        yield
    except ImportError as problem:
        raise CannotRunError(f"Parquet files need `{problem.name}`: pip install 'decisor[batch]'") from None
    except BatchRefusedError as problem:
        raise CannotRunError(f"`{file}`: {problem}") from None
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be read: {reason(problem)}") from None
