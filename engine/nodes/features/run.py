"""A `features` node as Python: one need for each view, asked together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...ir.graph import Experiments
from ..kind import LookUp
from ..writing import Writer
from .node import FeatureRead, FeaturesNode


def write_features(node: FeaturesNode, writer: Writer) -> None:
    """The features of each view, its defaults where there is no entity to read of."""
    needs = []
    for read in node.reads:
        need = writer.name("need")
        needs.append(need)
        writer.line(f"{need} = {features_need(read, writer)}")
    writer.ask(f"({', '.join(needs)},)")
    statuses = []
    for read, need in zip(node.reads, needs, strict=True):
        got = writer.name("got")
        writer.line(f"{got} = log.features({node.name!r}, {need}, {writer.bind(read.view.defaults, 'defaults')})")
        writer.line(f"f[{read.view.name!r}] = {got}[0]")
        statuses.append(got)
    outcome = " or ".join(f"({got}[1] if {got}[1] != 'ok' else None)" for got in statuses)
    told = ", ".join(f"{read.view.name!r}: {got}[1]" for read, got in zip(node.reads, statuses, strict=True))
    writer.note(node, f"({outcome} or 'ok')", views=f"{{{told}}}")
    writer.go(node.then)


def features_look_ups(node: FeaturesNode, _experiments: Experiments) -> Iterable[LookUp]:
    """Each view."""
    return [LookUp("features", read.view.name, (read.entity,), partial(features_need, read)) for read in node.reads]


def features_need(read: FeatureRead, writer: Writer) -> str:
    """Source of the need, None without an entity."""
    view = read.view
    fallback = writer.bind(view.defaults, "defaults")
    readers = writer.readers(view.features)
    entity = writer.name("entity")
    need = f"ReadFeatures({view.name!r}, {view.entity!r}, {entity}, {fallback}, {view.timeout}, {readers})"
    return f"{need} if ({entity} := {writer.value(read.entity)}) is not None else None"
