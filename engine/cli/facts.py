"""Facts for `match` and `decide`: a program to run, lines to read, events by customer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..ir.printable import printable
from .command import CannotRunError, reason
from .opening import add_workspace, instant_of, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..profiles.event_sorting import History
    from ..runtime.loaded import Runtime

TOLD = 1_000  # problems that are told one by one; the rest are counted


def add_program(parser: argparse.ArgumentParser) -> None:
    """The options that say what runs: a workspace, or a bundle."""
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
    from ..bundle.ready import made_ready

    try:
        acceptance = acceptance_of(options.key, require=False)
        bundle = read_bundle(options.bundle, acceptance, format_instant(instant_of(None)))
        return made_ready(bundle, runtime)
    except OSError as problem:
        raise CannotRunError(f"`{options.bundle}` cannot be read: {reason(problem)}") from None
    except BundleRefusedError as problem:
        raise CannotRunError(f"`{options.bundle}`: {problem}") from None


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """The file's bytes, or those of standard input for `-`. Raises CannotRunError."""
    if file == "-":
        yield sys.stdin.buffer
        return
    with _opened(Path(file)) as stream:
        yield stream


def _opened(file: Path) -> IO[bytes]:
    """On its own, so that what goes wrong while lines are handled is not taken for the file's fault."""
    try:
        return file.open("rb")
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be read: {reason(problem)}") from None


def name_among(names: Collection[str], kind: str, given: str) -> str:
    """The name that an argument means, `segment/vips` or `vips`. Raises CannotRunError with the nearest name."""
    from ..compiler.scope import suggestion

    prefix, _, name = given.rpartition("/")
    if name in names and prefix in {"", kind}:
        return name
    raise CannotRunError(f"`{given}` is no {kind}; {suggestion(name, sorted(names), f'{kind}s')[0]}")


class Complaints:
    """Problems with lines, told on standard error; a bounded number one by one."""

    def __init__(self, file: str) -> None:
        self._file = "standard input" if file == "-" else file
        self.count = 0

    def tell(self, line: int, problem: str) -> None:
        """Tell a problem with a line."""
        self.count += 1
        if self.count <= TOLD:
            print(f"{self._file}:{line}: {printable(problem)}", file=sys.stderr)

    def close(self) -> None:
        """Say how many were not told one by one."""
        if self.count > TOLD:
            print(f"{self._file}: {self.count - TOLD:,} more problems", file=sys.stderr)


def read_history(file: str, runtime: Runtime, complaints: Complaints) -> History:
    """The events of a file by customer, in bounded memory; broken ones are told and left out."""
    from ..profiles.event_sorting import History
    from ..runtime.border import problems_text
    from ..runtime.lines import read_lines

    history = History(runtime.program.catalogue.key)
    with opened(file) as stream:
        for line in read_lines(stream):
            if line.problem is not None:
                complaints.tell(line.number, line.problem)
                continue
            event, problems = runtime.border.event(line.value)
            if event is None:
                complaints.tell(line.number, problems_text(problems))
            elif history.add(event) == "conflict":
                complaints.tell(line.number, "`id` is that of an earlier event with other content; both are kept")
    return history
