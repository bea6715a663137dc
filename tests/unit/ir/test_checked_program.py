from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.bundle.content import bundle_content
from engine.bundle.envelope import About, BundleRefusedError, seal
from engine.bundle.read import Acceptance, open_bundle
from engine.bundle.write import pack
from engine.ir.checked import check_program
from engine.ir.codec import DecodeError
from engine.ir.predicate import Bounds, Element, InList, Leaf, Not
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field

PROGRAM = Program(
    "shop",
    "UTC",
    Catalogue("customer", "customer_id", (Field("country", "keyword"), Field("spend", "number"))),
    segments={"vip": Not(Leaf("spend", "range", Bounds(lower=5.0), "number")), "staff": InList("staff")},
    lists={"staff": ("c-1",)},
)
_ANY: Any = "country"


def test_a_sound_program_passes() -> None:
    assert check_program(PROGRAM) is PROGRAM


@pytest.mark.parametrize(
    "change",
    [
        {"segments": {"vip": Leaf("country", "range", "US")}},
        {"segments": {"vip": Leaf("country", "in", "US")}},
        {"segments": {"vip": Element("orders", Leaf("country", "exists", 5))}},
        {"segments": {"vip": Not(_ANY)}},
        {"segments": {"vip": InList("nobody")}},
        {"segments": {"vip": Leaf("country", "equals", "US", "colour")}},  # type: ignore[arg-type] # what a file may hold
        {"segments": {"x if 0 else y": Leaf("country", "exists")}},
        {"rulesets": {"__import__('os')": None}},
        {"lists": {"staff": (5,)}},
        {"catalogue": Catalogue("customer", "customer_id", (_ANY,))},
    ],
)
def test_a_damaged_program_is_refused_before_anything_is_made_of_it(change: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        check_program(replace(PROGRAM, **change))


def test_a_sealed_bundle_with_a_damaged_segment_is_refused() -> None:
    content = bundle_content(PROGRAM)
    content["program"]["segments"]["vip"] = {"$": "Leaf", "field": "country", "op": "range", "value": "US"}
    raw = seal(content, About("shop")).file_bytes()
    with pytest.raises(BundleRefusedError, match="segment `vip` is damaged"):
        open_bundle(raw, Acceptance(), "2026-03-01T00:00:00.000Z")
    open_bundle(pack(PROGRAM, About("shop")).file_bytes(), Acceptance(), "2026-03-01T00:00:00.000Z")
