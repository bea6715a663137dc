"""Experiments and rulesets, in the order in which they refer to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..diagnostics import Path, Sink
from ..ir.graph import Experiment, Ruleset
from ..language.document import Document
from ..language.documents.bandit import BanditDocument
from ..language.documents.ruleset import RulesetDocument
from ..nodes.kind import NodeKinds
from .experiments import check_metrics, lower_experiments
from .graph import lower_ruleset
from .node_lowering import Around
from .report import Report
from .scope import Scope

DEPTH_LIMIT = 16  # rulesets that call each other


def lower_graphs(
    kinds: Mapping[str, Sequence[Document]], scope: Scope, nodes: NodeKinds, sink: Sink
) -> tuple[dict[str, Experiment], dict[str, Ruleset]]:
    """The sound experiments and rulesets by name."""
    named = {kind: {document.name: document for document in documents} for kind, documents in kinds.items()}
    experiments = lower_experiments(kinds["Experiment"], named.get("Layer", {}), scope, sink)
    for document in kinds["Bandit"]:
        report = Report(document.resource, document.yaml.spans, sink)
        bandit = document.read_as(BanditDocument)
        check_metrics(_bandit_metrics(bandit), scope, report)
        _check_fallback(bandit, report)
    rulesets: dict[str, Ruleset] = {}
    depths: dict[str, int] = {}
    around = Around(scope, named, frozenset(scope.names("Segment")), nodes, experiments, rulesets)
    for document in _in_order(named.get("Ruleset", {}), sink):
        depths[document.name] = 1 + max((depths.get(name, 0) for name, _ in _calls(document)), default=0)
        if depths[document.name] > DEPTH_LIMIT:
            message = f"`{document.name}` calls rulesets {depths[document.name]} deep; expected at most {DEPTH_LIMIT}"
            Report(document.resource, document.yaml.spans, sink).add("G015", ("name",), message)
            continue
        ruleset = lower_ruleset(document, around, sink)
        if ruleset is not None:
            rulesets[document.name] = ruleset
    return experiments, {name: rulesets[name] for name in sorted(rulesets)}


def _bandit_metrics(model: BanditDocument) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = [] if model.reward is None else [(model.reward.metric, ("reward", "metric"))]
    if model.guardrails is not None:
        names = model.guardrails.metrics or ()
        found += [(name, ("guardrails", "metrics", index)) for index, name in enumerate(names)]
    return found


def _check_fallback(model: BanditDocument, report: Report) -> None:
    if model.arms[model.fallback].when is not None:
        report.add(
            "X009",
            ("fallback",),
            f"`{model.fallback}` is the fallback and has a `when`; without it another arm takes its place",
            help=("let an arm be the fallback that may always be picked",),
        )


def _calls(document: Document) -> Iterator[tuple[str, Path]]:
    """The rulesets that a ruleset calls, and where."""
    for name, shape in document.read_as(RulesetDocument).nodes.items():
        yield from ((called, ("nodes", name, *path)) for called, path in shape.calls())


def _in_order(documents: Mapping[str, Document], sink: Sink) -> Iterator[Document]:
    """Each ruleset after those that it calls; a call that closes a circle is reported, and nobody in it comes out."""
    done: set[str] = set()
    circular: set[str] = set()
    for first in documents:
        if first in done:
            continue
        stack = [(first, _calls(documents[first]))]
        while stack:
            name, pending = stack[-1]
            call = next(pending, None)
            if call is None:
                stack.pop()
                done.add(name)
                if name not in circular:
                    yield documents[name]
                continue
            target, path = call
            chain = [each for each, _ in stack]
            if target in chain:
                circle = [*chain[chain.index(target) :], target]
                circular.update(circle)
                _tell_circle(documents[name], path, circle, sink)
            elif target in documents and target not in done:
                stack.append((target, _calls(documents[target])))


def _tell_circle(document: Document, path: Path, circle: Sequence[str], sink: Sink) -> None:
    shown = circle if len(circle) < 10 else [*circle[:4], "…", *circle[-4:]]
    way = " → ".join(f"`{name}`" for name in shown)
    message = f"`{document.name}` calls itself: {way}"
    Report(document.resource, document.yaml.spans, sink).add("G008", path, message, label="closes the circle")
