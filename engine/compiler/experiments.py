"""Experiments and layers: from documents to phases with weights; what they do to each other is checked here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..diagnostics import Path, Related, Sink
from ..ir.graph import PPM, Arm, Experiment, Layer, Phase
from ..ir.instant import canonical_instant
from ..language.document import Document
from ..language.documents.experiment import ExperimentDocument, LayerDocument
from .report import Report
from .scope import Scope


def lower_experiments(
    documents: Sequence[Document], layers: Mapping[str, Document], scope: Scope, sink: Sink
) -> dict[str, Experiment]:
    """The sound experiments by name."""
    found: dict[str, Experiment] = {}
    for document in documents:
        report = Report(document.resource, document.yaml.spans, sink)
        experiment = _lower(document, layers, scope, report)
        if experiment is not None and not report.failed:
            found[document.name] = experiment
    sound = {document.name: document for document in documents if document.name in found}
    _check_slots(found, sound, sink)
    _check_salts(found, sound, sink)
    return found


def _lower(document: Document, layers: Mapping[str, Document], scope: Scope, report: Report) -> Experiment | None:
    model = document.read_as(ExperimentDocument)
    check_metrics(_metrics(model), scope, report)
    layer = _layer(model, layers, scope, report)
    salt = model.salt or document.name
    phases = _phases(model, salt, report)
    for name in model.arms:
        if all(arm.weight == 0 for phase in phases for arm in phase.arms if arm.name == name):
            report.at_key("X008", ("arms", name), f"`{name}` has no weight in any phase, so nobody gets it")
    slots = tuple((first, last) for first, last in model.slots) if model.slots else ((0, PPM),)
    control = model.control or ("control" if "control" in model.arms else min(model.arms))
    return Experiment(
        document.name,
        model.unit,
        control,
        phases,
        layer,
        slots,
        model.holdout,
        salt if model.holdout else "",
        model.sticky,
    )


def _metrics(model: ExperimentDocument) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = [] if model.primary is None else [(model.primary, ("primary",))]
    found += [(name, ("secondary", index)) for index, name in enumerate(model.secondary)]
    found += [(name, ("guardrails", index)) for index, name in enumerate(model.guardrails)]
    return found


def check_metrics(metrics: Sequence[tuple[str, Path]], scope: Scope, report: Report) -> None:
    """Report metrics that no document declares."""
    for name, path in metrics:
        if not scope.has("Metric", name):
            help_ = scope.suggestion("Metric", name)
            report.add("X007", path, f"`{name}` is not a metric of this workspace", help=help_)


def _layer(model: ExperimentDocument, layers: Mapping[str, Document], scope: Scope, report: Report) -> Layer | None:
    if model.layer is None:
        return None
    document = layers.get(model.layer)
    if document is None:
        if not scope.has("Layer", model.layer):
            help_ = scope.suggestion("Layer", model.layer)
            report.add("X001", ("layer",), f"`{model.layer}` is not a layer of this workspace", help=help_)
        report.failed = True
        return None
    layer = document.read_as(LayerDocument)
    if layer.unit is not None and layer.unit != model.unit:
        report.add(
            "X004",
            ("unit",),
            f"`{model.unit}` is another unit than that of layer `{model.layer}`, which is `{layer.unit}`",
            help=("experiments exclude each other only when they assign the same unit",),
            related=(Related("the layer's unit", document.yaml.spans.value(("unit",))),),
        )
    return Layer(model.layer, layer.salt or model.layer, layer.holdout)


def _phases(model: ExperimentDocument, salt: str, report: Report) -> tuple[Phase, ...]:
    """The experiment itself as phase 1, then its changes in their order, each up to the next one."""
    stop = _instant(model.ends)
    weights = {name: arm.weight for name, arm in model.arms.items()}
    phases = [Phase(1, _arms(weights), model.coverage, salt, _instant(model.starts), stop)]
    if stop is not None and stop <= (phases[0].starts or ""):
        report.add("X006", ("ends",), f"`{model.ends}` is not after the experiment's start, `{model.starts}`")
    for index, shape in enumerate(model.phases):
        path: Path = ("phases", index)
        starts, ends = canonical_instant(shape.starts), _instant(shape.ends)
        earlier = phases[-1].starts
        if earlier is not None and starts <= earlier:
            report.add("X006", (*path, "starts"), f"`{shape.starts}` is not after the phase before, `{earlier}`")
        if ends is not None and ends <= starts:
            report.add("X006", (*path, "ends"), f"`{shape.ends}` is not after the phase's start")
        if stop is not None and starts >= stop:
            report.add(
                "X006", (*path, "starts"), f"`{shape.starts}` is not before the experiment's end, `{model.ends}`"
            )
        elif stop is not None and ends is not None and ends > stop:
            report.add("X006", (*path, "ends"), f"`{shape.ends}` is after the experiment's end, `{model.ends}`")
        if phases[-1].ends is not None and phases[-1].ends != stop and phases[-1].ends > starts:
            message = f"`{shape.starts}` is before the end of the phase before, `{phases[-1].ends}`"
            report.add("X006", (*path, "starts"), message)
        end = stop if ends is None else ends if stop is None else min(ends, stop)
        mixed = weights if shape.weights is None else {name: shape.weights.get(name, 0) for name in weights}
        coverage = model.coverage if shape.coverage is None else shape.coverage
        phases.append(Phase(index + 2, _arms(mixed), coverage, shape.salt or salt, starts, end))
    return tuple(phases)


def _instant(text: str | None) -> str | None:
    return None if text is None else canonical_instant(text)


def _arms(weights: Mapping[str, int]) -> tuple[Arm, ...]:
    return tuple(Arm(name, weight) for name, weight in sorted(weights.items()))


def _check_slots(found: Mapping[str, Experiment], documents: Mapping[str, Document], sink: Sink) -> None:
    """Experiments of one layer that own the same slots, and ranges of one experiment that overlap."""
    owned: defaultdict[str, list[tuple[int, int, str, Path]]] = defaultdict(list)
    for name, experiment in found.items():
        if experiment.layer is not None:
            given = documents[name].read_as(ExperimentDocument).slots is not None
            for index, (first, last) in enumerate(experiment.slots):
                owned[experiment.layer.name].append((first, last, name, ("slots", index) if given else ("layer",)))
    for layer, ranges in owned.items():
        furthest: tuple[int, int, str, Path] | None = None
        for each in sorted(ranges):
            if furthest is not None and each[0] < furthest[1]:
                _tell_slots(layer, each, furthest, documents, sink)
            if furthest is None or each[1] > furthest[1]:
                furthest = each


def _tell_slots(
    layer: str,
    each: tuple[int, int, str, Path],
    other: tuple[int, int, str, Path],
    documents: Mapping[str, Document],
    sink: Sink,
) -> None:
    first, last, name, path = each
    document, before = documents[name], documents[other[2]]
    shared = f"{first:,} up to {min(last, other[1]):,}"
    whose = "another of its ranges" if name == other[2] else f"experiment `{other[2]}`"
    help_ = ("give each experiment of the layer `slots` of its own",)
    report = Report(document.resource, document.yaml.spans, sink)
    report.add(
        "X002",
        path,
        f"`{name}` shares the slots {shared} of layer `{layer}` with {whose}",
        help=help_,
        related=(Related(f"`{other[2]}` owns them too", before.yaml.spans.value(other[3])),),
    )


def _check_salts(found: Mapping[str, Experiment], documents: Mapping[str, Document], sink: Sink) -> None:
    """Experiments whose units fall into arms by the same hash, so that the arms of one predict those of the other."""
    first: dict[tuple[str, str], str] = {}
    for name, experiment in found.items():
        for salt in dict.fromkeys(phase.salt for phase in experiment.phases):
            other = first.setdefault((experiment.unit, salt), name)
            if other != name:
                document = documents[name]
                report = Report(document.resource, document.yaml.spans, sink)
                model = document.read_as(ExperimentDocument)
                path: Path = ("salt",) if model.salt == salt else ("phases",) if model.phases else ("name",)
                report.add(
                    "X003",
                    path,
                    f"`{salt}` is the salt of experiment `{other}` too: who is in which arm here follows from there",
                    help=("give it a salt of its own, or none: then its name is the salt",),
                    related=(Related("the other experiment", documents[other].yaml.spans.value(("name",))),),
                )
