"""The hash of assignment against its published vectors, and what it promises of units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.experiments.hashing import hash53, message_of, ppm_of, unit_value

FILE = Path(__file__).parents[2] / "golden" / "vectors" / "assignment.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["hashes"], ids=lambda each: f"{each['purpose']}-{each['unit'][:8]}")
def test_hash_is_that_of_the_published_vector(vector: dict[str, Any]) -> None:
    parts = (vector["purpose"], vector["salt"], vector["unit_type"], vector["unit"], vector.get("arm"))
    message = message_of(*parts)
    assert message.hex() == vector["message"]
    assert hash53(message) == vector["h"]
    assert unit_value(*parts).hex() == vector["u"]
    assert ppm_of(hash53(message)) == vector["slot"]


def test_parts_are_kept_apart() -> None:
    assert message_of("arm", "exp1", "id", "23") != message_of("arm", "exp12", "id", "3")


def test_two_spellings_of_one_text_are_one_unit() -> None:
    assert unit_value("arm", "s", "id", "Zoe\u0308") == unit_value("arm", "s", "id", "Zo\u00eb")


def test_u_lies_above_zero_and_reaches_one() -> None:
    assert 0 < 1 / (1 << 53) <= unit_value("sample", "s", "id", "x") <= 1.0


@pytest.mark.parametrize("h, slot", [(0, 0), ((1 << 53) - 1, 999_999), (1 << 52, 500_000)])
def test_slots_cover_a_million(h: int, slot: int) -> None:
    assert ppm_of(h) == slot
