"""An `output`'s meaning: an expression of the declared type for each output."""

from __future__ import annotations

from ...ir.graph import SetItem
from ..lowering import Lowered, Lowering
from .document import OutputShape
from .node import OutputNode


def lower_output(shape: OutputShape, lowering: Lowering) -> Lowered:
    """The decision; unknown outputs are errors, forgotten ones warnings."""
    declared = {each.name: each for each in lowering.output}
    items = []
    for name, written in sorted(shape.output.items()):
        field = declared.get(name)
        if field is None:
            help_ = lowering.suggestion(name, sorted(declared), "outputs")
            lowering.at_key("G009", ("output", name), f"`{name}` is not an output of this ruleset", help=help_)
            continue
        value = lowering.literal_or_expression(written, ("output", name), lowering.type_of(field))
        if value is not None and not lowering.fits(value, field, ("output", name)):
            value = None
        if value is not None:
            items.append(SetItem(name, value, str(written)))
    forgotten = [f"`{name}`" for name in declared if name not in shape.output]
    if forgotten:
        message = f"{', '.join(forgotten)} {'is' if len(forgotten) == 1 else 'are'} not given here and will be missing"
        lowering.at_key(
            "G010", ("output",), message, help=('write `"null"`, in quotes, for an output that is meant to be missing',)
        )
    return Lowered(OutputNode(lowering.name, tuple(items)) if len(items) == len(shape.output) else None)
