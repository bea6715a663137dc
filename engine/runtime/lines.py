"""JSON Lines in bounded memory: one line after the other, each either a value or a problem, none lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, NoReturn

LINE_LIMIT = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A line's number (from 1) and its value, or the reason why it could not be read."""

    number: int
    value: Any = None
    problem: str | None = None


def read_lines(stream: IO[bytes]) -> Iterator[Line]:
    """The lines that are not blank. A line that is too long is skipped, not held."""
    number = 0
    while True:
        raw = stream.readline(LINE_LIMIT + 1)
        if not raw:
            return
        number += 1
        if len(raw) > LINE_LIMIT and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LINE_LIMIT)
            yield Line(number, problem=f"expected at most {LINE_LIMIT // 2**20} MiB in a line")
        elif raw.strip():
            yield read_line(number, raw)


def read_line(number: int, raw: bytes) -> Line:
    """One line as read_lines gives it."""
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        return Line(number, json.loads(text, parse_constant=_refuse, object_pairs_hook=_object))
    except UnicodeDecodeError as problem:
        return Line(number, problem=f"expected UTF-8, found another byte at position {problem.start + 1}")
    except json.JSONDecodeError as problem:
        return Line(number, problem=f"expected one JSON object, but column {problem.colno} reads: {problem.msg}")
    except RecursionError:
        return Line(number, problem="expected JSON that is not nested this deeply")
    except _RefusedError as problem:
        return Line(number, problem=str(problem))
    except ValueError:  # Python's own, which speaks of its settings
        return Line(number, problem="expected whole numbers within 64 bits, found one of thousands of digits")


class _RefusedError(ValueError):
    """JSON that is read here otherwise than Python reads it; the message says what was expected."""


def _refuse(name: str) -> NoReturn:
    raise _RefusedError(f"expected finite numbers, found {name}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError("expected every key once in an object")
    return found
