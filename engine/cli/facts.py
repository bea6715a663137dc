"""Input of `match` and `decide`: a program to run, lines to read, events by customer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..ir.printable import printable
from .command import CannotRunError, reason
from .opening import add_workspace, instant_of, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..profiles.event_sorting import History
    from ..runtime.loaded import Runtime

PRINTED = 1_000  # problems printed one by one; the rest are only counted


def add_program(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose what runs: a workspace, or a bundle."""
    add_workspace(parser)
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="run this bundle instead of a workspace")
    parser.add_argument(
        "--key", type=Path, action="append", default=[], metavar="PUB", help="the bundle must be signed by one of these"
    )


def runtime_of(options: argparse.Namespace) -> Runtime:
    """The runtime of the bundle or the workspace that the options name."""
    from ..experiments.assignment import NativeAssigner
    from ..ir.instant import format_instant
    from ..ir.program import Program
    from ..runtime.loaded import Runtime

    def runtime(program: Program, digest: str) -> Runtime:
        return Runtime(program, digest, assigner=NativeAssigner(program.experiments))

    if options.bundle is None:
        from ..bundle.content import bundle_content
        from ..ir.canonical import digest

        program = sound_program(open_workspace(workspace_root(options.workspace)))
        return runtime(program, digest(bundle_content(program)))
    from ..bundle.envelope import BundleRefusedError
    from ..bundle.read import acceptance_of, read_bundle
    from ..bundle.ready import prepare_bundle

    try:
        acceptance = acceptance_of(options.key, require=False)
        bundle = read_bundle(options.bundle, acceptance, format_instant(instant_of(None)))
        return prepare_bundle(bundle, runtime)
    except OSError as problem:
        raise CannotRunError(f"`{options.bundle}` cannot be read: {reason(problem)}") from None
    except BundleRefusedError as problem:
        raise CannotRunError(f"`{options.bundle}`: {problem}") from None


@contextmanager
def open_input(file: str) -> Iterator[IO[bytes]]:
    """The file's bytes, or those of standard input for `-`. Raises CannotRunError."""
    if file == "-":
        yield sys.stdin.buffer
        return
    with _open_file(Path(file)) as stream:
        yield stream


def _open_file(file: Path) -> IO[bytes]:
    """A function of its own, so that errors while lines are processed are not blamed on the file."""
    try:
        return file.open("rb")
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be read: {reason(problem)}") from None


def name_among(names: Collection[str], kind: str, given: str) -> str:
    """The name that `segment/vips` or `vips` means. Raises CannotRunError, which suggests the nearest name."""
    from ..compiler.scope import suggestion

    prefix, _, name = given.rpartition("/")
    if name in names and prefix in {"", kind}:
        return name
    raise CannotRunError(f"`{given}` is not a {kind}; {suggestion(name, sorted(names), f'{kind}s')[0]}")


class Complaints:
    """Prints problems with lines on standard error, a bounded number of them one by one."""

    def __init__(self, file: str) -> None:
        self._file = "standard input" if file == "-" else file
        self.count = 0

    def tell(self, line: int, problem: str) -> None:
        """Report a problem with a line."""
        self.count += 1
        if self.count <= PRINTED:
            print(f"{self._file}:{line}: {printable(problem)}", file=sys.stderr)

    def close(self) -> None:
        """Print how many problems were only counted."""
        if self.count > PRINTED:
            print(f"{self._file}: {self.count - PRINTED:,} more problems", file=sys.stderr)


def read_history(file: str, runtime: Runtime, complaints: Complaints) -> History:
    """The events of a file by customer, in bounded memory; broken events are reported and left out."""
    return read_histories(file, [runtime], complaints)[0]


def read_histories(file: str, runtimes: Sequence[Runtime], complaints: Complaints) -> list[History]:
    """As `read_history` for each of the runtimes, from one reading of the file; the first one's problems are reported.

    An event that does not fit the catalogue of another one is left out of its history.
    """
    from ..profiles.event_sorting import History
    from ..runtime.border import problems_text
    from ..runtime.lines import read_lines

    histories = [History(runtime.program.catalogue.key) for runtime in runtimes]
    with open_input(file) as stream:
        for line in read_lines(stream):
            if line.problem is not None:
                complaints.tell(line.number, line.problem)
                continue
            for place, (runtime, history) in enumerate(zip(runtimes, histories, strict=True)):
                event, problems = runtime.border.event(line.value)
                kept = None if event is None else history.add(event)
                if place == 0 and kept is None:
                    complaints.tell(line.number, problems_text(problems))
                elif place == 0 and kept == "conflict":
                    complaints.tell(line.number, "an earlier event has the same `id` and other content; both are kept")
    return histories
