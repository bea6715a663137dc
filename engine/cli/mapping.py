"""`decisor mapping`: prints where profiles are kept for queries: the search index, or a table of an SQL database."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .command import CLEAN, FINDINGS, Command
from .facts import Complaints, open_input
from .opening import add_workspace, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..ir.types import Catalogue
    from ..operators.core import Dialect

DIALECTS: Mapping[str, Dialect] = {"sql:duckdb": "duckdb", "sql:postgres": "postgres"}


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", choices=("elasticsearch", *DIALECTS), default="elasticsearch", help="default: elasticsearch"
    )
    parser.add_argument(
        "--rows",
        metavar="FILE",
        help="print these profiles (JSON Lines, - is stdin) as the target stores them, one JSON line each",
    )
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    catalogue = sound_program(open_workspace(workspace_root(options.workspace))).catalogue
    if options.rows is not None:
        return _print_rows(catalogue, options.rows, _row_function(catalogue, options.target))
    print(_schema(catalogue, options.target))
    return CLEAN


def _schema(catalogue: Catalogue, target: str) -> str:
    from ..compiler.mapping import index_mapping
    from ..compiler.targets.sql import create_table, loading

    if target not in DIALECTS:
        return json.dumps(index_mapping(catalogue), indent=2, ensure_ascii=False)
    dialect = DIALECTS[target]
    load = [f"-- {line}" for line in loading(catalogue, dialect).splitlines()]
    rows = f"-- Fill it from profiles as rows: `decisor mapping --target {target} --rows profiles.jsonl > rows.jsonl`"
    return "\n".join([create_table(catalogue, dialect), rows, *load])


def _row_function(catalogue: Catalogue, target: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """A function from a canonical profile to what the target stores of it. It raises LookupError for lack of a key."""
    from ..compiler.mapping import index_document
    from ..compiler.targets.sql import row

    if target not in DIALECTS:
        return lambda profile: index_document(profile, catalogue)
    dialect = DIALECTS[target]
    return lambda profile: row(profile, catalogue, dialect)


def _print_rows(catalogue: Catalogue, file: str, stored: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> int:
    from ..runtime.border import Border, problems_text
    from ..runtime.fold import Folding
    from ..runtime.lines import read_lines

    border, folding, broken = Border(catalogue), Folding(catalogue), Complaints(file)
    with open_input(file) as stream:
        for line in read_lines(stream):
            profile, problems = (None, ()) if line.problem is not None else border.profile(line.value)
            if profile is None:
                broken.tell(line.number, line.problem or problems_text(problems))
                continue
            try:
                found = stored(folding.without_events(profile))
            except LookupError as problem:
                broken.tell(line.number, f"{problem}: only a worker, which has the keys, can store such a profile")
                continue
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    broken.close()
    return FINDINGS if broken.count else CLEAN


COMMAND = Command(
    "Print the search index's settings and mapping, or the statements that create and fill an SQL table of profiles.",
    "decisor mapping --target sql:postgres",
    _configure,
    _run,
)
