"""A `ruleset` node as Python: a call of the other ruleset's function, with a path of its own."""

from __future__ import annotations

from ..writing import Writer
from .node import RulesetNode


def write_ruleset(node: RulesetNode, writer: Writer) -> None:
    """The other ruleset's output is bound, or is the decision."""
    path, trace, output = writer.name("path"), writer.name("trace"), writer.name("output")
    writer.line(f"{path} = []")
    if writer.tracing:
        writer.line(f"{trace} = []")
    function, effects = writer.callee(node.ruleset)
    context = writer.object((item.name, item.value) for item in node.context)
    call = f"{function}(p, {context}, e, now, member, {path}, {trace if writer.tracing else None}, log)"
    writer.line(f"{output} = (yield from {call})" if effects else f"{output} = {call}")
    told = {"trace": trace} if writer.tracing else {}
    writer.note(node, repr(node.ruleset), f", 'path': {path}", **told)
    if node.then is None or node.bind is None:
        writer.finish(output)
        return
    if node.bind is not None:
        writer.line(f"{writer.var(node.bind)} = {output}")
    writer.go(node.then)
