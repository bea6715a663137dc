"""`decisor explain`: explains a finding's code, or a document in words."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..ir.printable import printable
from .command import CLEAN, CannotRunError, Command
from .naming import document_named
from .opening import add_workspace, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..diagnostics import Code
    from ..ir.program import Program
    from ..language.workspace import Document, Workspace
    from ..operators.core import Dialect

TARGETS = ("elasticsearch", "sql:duckdb", "sql:postgres")
_CODE = re.compile(r"[A-Za-z]\d{3}", re.ASCII)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="CODE|NAME", help="such as T001, vips, or segment/vips where two kinds share a name"
    )
    parser.add_argument("--target", choices=TARGETS, help="also print the segment's query")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    if _CODE.fullmatch(options.name):
        print("\n".join(_page(_code(options.name.upper()))))
        return CLEAN
    opened = open_workspace(workspace_root(options.workspace))
    program = sound_program(opened)
    document = document_named(opened.workspace, options.name)
    print("\n".join(map(printable, _document_text(opened.workspace, program, document))))
    if options.target is not None:
        if document.kind != "Segment":
            raise CannotRunError(f"--target applies to segments, but `{options.name}` is a {document.kind}")
        print(f"\n{_query_text(program, document.name, options.target)}")
    return CLEAN


def _code(name: str) -> Code:
    from ..diagnostics import all_codes, nearest

    codes = {code.code: code for code in all_codes()}
    if name in codes:
        return codes[name]
    family = [code for code in codes if code[0] == name[0]]
    near = nearest(name, family)
    hint = f"did you mean `{near}`?" if near else f"there are {', '.join(family or codes)}"
    raise CannotRunError(f"`{name}` is not a code; {hint}")


def _page(code: Code) -> Iterator[str]:
    yield f"{code.code} ({code.severity}): {code.title}"
    yield f"\n{code.summary}"
    if code.help:
        yield f"\nwhat to do: {code.help}"
    for label, example in (("triggers it", code.bad), ("is fine", code.good)):
        if example:
            yield f"\n{label}:"
            yield from (f"  {line}".rstrip() for line in example.rstrip().split("\n"))


def _document_text(workspace: Workspace, program: Program, document: Document) -> Iterator[str]:
    from ..compiler.uses import users_of, uses_of

    model = document.model
    kind = document.resource.partition("/")[0].replace("_", " ")
    description = " ".join(model.description.split())
    yield f"{kind} {document.name}{f': {description}' if description else ''}"
    about = [f"{document.yaml.file}:{document.yaml.start_line}"]
    about += [f"owner {model.owner}"] if model.owner else []
    about += [f"tags {', '.join(model.tags)}"] if model.tags else []
    yield ", ".join(about)
    yield ""
    yield from _DESCRIBERS.get(document.kind, _settings)(program, document)
    uses = uses_of(program, workspace.documents)
    yield ""
    yield f"uses     {_row(sorted(uses.get(document.resource, ())))}"
    yield f"used by  {_row(users_of(uses).get(document.resource, ()))}"


def _row(resources: list[str] | tuple[str, ...]) -> str:
    return ", ".join(resources) or "nothing"


def _segment(program: Program, document: Document) -> Iterator[str]:
    from ..bundle.plan.segments import clauses
    from ..compiler.targets.elasticsearch import Exact, compile_query

    predicate = program.segments[document.name]
    lines = clauses(predicate)
    yield "A profile is in it when all of these hold:" if len(lines) > 1 else "A profile is in it when"
    yield from (f"  {line}" for line in lines)
    if not isinstance(compile_query(predicate, program.catalogue, program.lists), Exact):
        yield ""
        yield "The index alone cannot decide; its query returns candidates, and the matcher decides."


def _ruleset(program: Program, document: Document) -> Iterator[str]:
    from ..bundle.plan.catalogue import describe
    from ..drawing.steps import steps
    from ..runtime.codegen.read_plan import planned_reads

    ruleset = program.rulesets[document.name]
    for what, fields in (("context", ruleset.context), ("output", ruleset.output)):
        shown = ", ".join(f"{field.name} ({describe(field)})" for field in fields)
        yield f"{what:<8} {shown or 'nothing'}"
    if ruleset.event is not None:
        yield f"event    {ruleset.event}"
    yield ""
    yield from steps(ruleset, program.experiments)
    reads = list(planned_reads(ruleset, program.rulesets, program.experiments))
    if reads:
        yield ""
    for read in reads:
        trip = "read in the first round trip" if read.planned else "another round trip, as its key is known only then"
        yield f"{read.kind} {read.name} at {read.node}: {trip}"
    yield ""
    yield f"A decision costs at most {ruleset.cost:,} steps."


def _experiment(program: Program, document: Document) -> Iterator[str]:
    from ..operators.wording import ppm_percent

    experiment = program.experiments[document.name]
    yield f"assigns each {experiment.unit} to one arm, always the same one"
    if experiment.layer is not None:
        slots = ", ".join(f"{low:,} to {high:,}" for low, high in experiment.slots)
        yield f"only units in the slots {slots} of the layer {experiment.layer.name}"
    if experiment.holdout:
        yield f"{ppm_percent(experiment.holdout)} of the units are held out"
    if experiment.sticky:
        yield "a unit keeps its arm when weights change"
    for phase in experiment.phases:
        when = f"from {phase.starts}" if phase.starts else "from the beginning"
        until = f" until {phase.ends}" if phase.ends else ""
        yield ""
        yield f"phase {phase.number}, {when}{until}: {ppm_percent(phase.coverage)} of the units take part"
        total = sum(arm.weight for arm in phase.arms) or 1
        width = max(len(arm.name) for arm in phase.arms)
        for arm in phase.arms:
            share = ppm_percent(round(arm.weight / total * phase.coverage))
            control = ", which all other units get too" if arm.name == experiment.control else ""
            yield f"  {arm.name:<{width}}  {share} of all{control}"


def _profile(program: Program, _document: Document) -> Iterator[str]:
    from ..bundle.plan.catalogue import field_lines

    catalogue = program.catalogue
    rows = [(catalogue.key, "keyword, the key"), *field_lines("", catalogue.fields)]
    width = max(len(path) for path, _text in rows)
    yield from (f"{path:<{width}}  {text}" for path, text in rows)


def _event_type(program: Program, document: Document) -> Iterator[str]:
    from ..bundle.plan.catalogue import field_lines

    event = program.catalogue.event(document.name)
    if event is None:
        return
    rows = [
        *field_lines("", event.fields),
        *((source, f"sets the profile's {target}") for target, source in event.sets),
    ]
    width = max((len(path) for path, _text in rows), default=0)
    yield from (f"{path:<{width}}  {text}" for path, text in rows)


def _member_list(program: Program, document: Document) -> Iterator[str]:
    count = len(program.lists[document.name])
    yield f"{count:,} customer{'' if count == 1 else 's'}"


def _settings(_program: Program, document: Document) -> Iterator[str]:
    """The settings of a document of any other kind, path by path."""
    from ..bundle.plan.documents import leaves, shown_value

    yield from (f"{path}: {shown_value(item)}" for path, item in leaves("", document.settings()))


def _query_text(program: Program, name: str, target: str) -> str:
    from ..bundle.content import query_data, sql_data

    predicate = program.segments[name]
    if target == "elasticsearch":
        return json.dumps(query_data(predicate, program), indent=2, ensure_ascii=False)
    dialect: Dialect = "duckdb" if target == "sql:duckdb" else "postgres"
    found = sql_data(predicate, program, dialect)
    if "unsupported" in found:
        return f"sql:{dialect} cannot express it: {found['unsupported']}"
    parameters = [
        printable(f"-- {key} = {json.dumps(value, ensure_ascii=False)}") for key, value in found["parameters"].items()
    ]
    return "\n".join([f"{found['text']};", *parameters])


_DESCRIBERS = {
    "Segment": _segment,
    "Ruleset": _ruleset,
    "Experiment": _experiment,
    "Profile": _profile,
    "EventType": _event_type,
    "MemberList": _member_list,
}

COMMAND = Command(
    "Explain a finding's code with an example, or describe in words what a document does and what uses it.",
    "decisor explain next_offer",
    _configure,
    _run,
)
