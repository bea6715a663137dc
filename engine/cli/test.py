"""`decisor test`: runs the workspace's tests and measures what they cover."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import Opened, add_workspace, open_workspace, sound_program, workspace_root
from .report import output, with_line_break, write_report

if TYPE_CHECKING:
    from ..language.workspace import Document

FORMATS = ("text", "json", "junit")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="*", help="test files of the workspace, or folders of them (default: all)")
    parser.add_argument("-k", metavar="TEXT", help="only tests and cases whose name contains TEXT")
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is printed (default: text)")
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="also write this format to a file; may be repeated",
    )
    parser.add_argument("--min-coverage", type=float, metavar="PERCENT", help="fail below this coverage")
    parser.add_argument("--missing", action="store_true", help="list what no case covers")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..testing import report
    from ..testing.run import run_tests

    outputs = [output(text, FORMATS) for text in options.output]
    least: float | None = options.min_coverage
    if least is not None and not 0 <= least <= 100:
        raise CannotRunError(f"--min-coverage {least:g}: expected a percentage from 0 to 100")
    opened = open_workspace(workspace_root(options.workspace))
    program = sound_program(opened)
    documents = _tests_at(opened, options.path)
    text: str = options.k or ""
    run = run_tests(documents, program, lambda test, case: text in test or text in case)
    if text and not run.results:
        raise CannotRunError(f"-k {text}: no name of a test or case contains this")
    low = least is not None and run.coverage.percent < least
    forms = {"text": report.as_text(run, missing=options.missing or low), "json": report.as_json(run)}
    forms["junit"] = report.as_junit(run)
    print(with_line_break(forms[options.format]), end="")
    for form, file in outputs:
        write_report(file, forms[form])
    if low and options.format == "text":
        print(f"expected at least {least:g} % coverage")
    return FINDINGS if run.failed or low else CLEAN


def _tests_at(opened: Opened, paths: Sequence[str]) -> list[Document]:
    """The tests at these paths, or all tests without paths."""
    tests = [document for document in opened.workspace.documents if document.kind == "Test"]
    chosen: set[str] = set()
    for path in paths:
        wanted = Path(path).resolve()
        files = {test.yaml.file for test in tests if _lies_in((opened.root / test.yaml.file).resolve(), wanted)}
        if not files:
            raise CannotRunError(f"`{path}` {'has no tests' if wanted.exists() else 'does not exist'}")
        chosen |= files
    return [test for test in tests if not paths or test.yaml.file in chosen]


def _lies_in(file: Path, wanted: Path) -> bool:
    return file == wanted or wanted in file.parents


COMMAND = Command(
    "Run the workspace's tests with a frozen clock; failures show the difference and why.",
    "decisor test --min-coverage 80 --output junit=tests.xml",
    _configure,
    _run,
)
