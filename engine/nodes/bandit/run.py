"""A `bandit` node as Python: one need among the eligible arms, and where the arm leads."""

from __future__ import annotations

from ..writing import Writer
from .node import BanditNode


def write_bandit(node: BanditNode, writer: Writer) -> None:
    """The picked arm is bound; evaluation goes on at `then`, at the arm's node, or at `otherwise` without any arm."""
    need, got, unit = writer.name("need"), writer.name("got"), writer.name("unit")
    writer.line(f"{unit} = {writer.value(node.unit)}")
    features = "".join(f"({item.name!r}, {writer.frozen_value(item.value)}), " for item in node.features)
    arms = writer.name("arms")
    writer.line(f"{arms} = {_eligible(node, writer)}")
    writer.line(
        f"{need} = Choose({node.bandit!r}, {node.unit_type!r}, {unit} or '', {arms}, ({features}), "
        f"log.decision_id, {_fallback(node, arms)}, {node.timeout})"
    )
    writer.ask(f"({need} if {unit} and {need}.arms else None,)")
    writer.line(f"{got} = log.choose({node.name!r}, {need})")
    if node.bind is not None:
        writer.line(f"{writer.var(node.bind)} = {got}[0]")
    seen = writer.traced_members(writer.names_of(*(item.value for item in node.features)))
    told = {
        "status": f"{got}[1]",
        "version": f"{got}[2]",
        "choice": f"{got}[0]",
        "seen": seen,
    }
    arm = writer.name("arm")
    writer.line(f"{arm} = {got}[0]['arm'] if {got}[0] else None")
    if node.otherwise is not None:
        with writer.block(f"if {arm} is None:"):
            writer.note(node, f"{got}[1]", **told)
            writer.go(node.otherwise)
        with writer.block("else:"):
            _leave(node, writer, arm, arm, told)
    else:
        _leave(node, writer, arm, f"({arm} or {got}[1])", told)


def _fallback(node: BanditNode, arms: str) -> str:
    """Source of the arm that is picked when nobody can choose: the fallback, or the first of those that may be."""
    if node.otherwise is not None:
        return "None"
    if any(choice.name == node.fallback and choice.when is None for choice in node.choices):
        return repr(node.fallback)
    return f"({node.fallback!r} if {node.fallback!r} in {arms} else {arms}[0] if {arms} else None)"


def _eligible(node: BanditNode, writer: Writer) -> str:
    """Source of the tuple of arms that may be picked."""
    if all(choice.when is None for choice in node.choices):
        return repr(tuple(choice.name for choice in node.choices))
    items = [
        f"{choice.name!r}, "
        if choice.when is None
        else f"*(({choice.name!r},) if {writer.truth(choice.when)} else ()), "
        for choice in node.choices
    ]
    return f"({''.join(items)})"


def _leave(node: BanditNode, writer: Writer, arm: str, outcome: str, told: dict[str, str]) -> None:
    if node.then is not None:
        writer.note(node, outcome, **told)
        writer.go(node.then)
        return
    ways: dict[str, list[str]] = {}
    for name, target in node.arms:
        ways.setdefault(target, []).append(name)
    *others, (last, _) = ways.items()
    for index, (target, names) in enumerate(others):
        with writer.block(f"{'elif' if index else 'if'} {arm} in {writer.bind(frozenset(names), 'arms')}:"):
            writer.note(node, outcome, **told)
            writer.go(target)
    with writer.block("else:" if others else "if True:"):  # those without an arm included, where `otherwise` is missing
        writer.note(node, outcome, **told)
        writer.go(last)
