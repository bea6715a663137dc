"""`decisor test`: the workspace's own tests, and what they cover."""

from __future__ import annotations

import argparse
from pathlib import Path

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import add_workspace, open_workspace, sound_program, workspace_root
from .report import output, write_report

FORMATS = ("text", "json", "junit")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="*", help="test files of the workspace (default: all)")
    parser.add_argument("-k", metavar="TEXT", help="only tests and cases whose name has TEXT")
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is printed (default: text)")
    parser.add_argument("--output", action="append", default=[], metavar="FORMAT=FILE", help="write a further format")
    parser.add_argument("--min-coverage", type=float, metavar="PERCENT", help="fail below this coverage")
    parser.add_argument("--missing", action="store_true", help="list what no case has seen")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..testing import report
    from ..testing.run import run_tests

    outputs = [output(text, FORMATS) for text in options.output]
    root = workspace_root(options.workspace)
    opened = open_workspace(root)
    program = sound_program(opened)
    documents = [document for document in opened.workspace.documents if document.kind == "Test"]
    if options.path:
        documents = [document for document in documents if _named(root, document.yaml.file, options.path)]
        if not documents:
            raise CannotRunError(f"no test lies in {', '.join(f'`{path}`' for path in options.path)}")
    text: str = options.k or ""
    run = run_tests(documents, program, lambda test, case: text in test or text in case)
    low = options.min_coverage is not None and run.coverage.percent < options.min_coverage
    forms = {"text": report.as_text(run, missing=options.missing or low), "json": report.as_json(run)}
    forms["junit"] = report.as_junit(run)
    print(forms[options.format])
    for form, file in outputs:
        write_report(file, forms[form])
    if low and options.format == "text":
        print(f"expected at least {options.min_coverage:g} % coverage")
    return FINDINGS if run.failed or low else CLEAN


def _named(root: Path, file: str, paths: list[str]) -> bool:
    location = (root / file).resolve()
    return any(location == Path(path).resolve() or Path(path).resolve() in location.parents for path in paths)


COMMAND = Command(
    "Run the workspace's tests with a frozen clock; failures show the difference and why.",
    "decisor test --min-coverage 80 --output junit=tests.xml",
    _configure,
    _run,
)
