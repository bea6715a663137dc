from __future__ import annotations

from random import Random

import pytest

from engine.runtime.matcher import bits
from engine.runtime.matcher.bits import Bits, names_reader


def mask_of(rows: list[int], count: int) -> int:
    return sum(1 << (count - 1 - row) for row in rows)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 1_000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_a_mask_has_the_bits_of_its_rows(count: int, share: float) -> None:
    rows = [row for row in range(count) if Random(row).random() < share]
    assert Bits(count).of(rows) == mask_of(rows, count)


@pytest.mark.parametrize("rows", [[3, 3], list(range(40)) * 2])
def test_a_row_given_twice_is_out_again(rows: list[int]) -> None:
    assert Bits(50).of(rows) == 0


@pytest.mark.parametrize("count", [1, 5, 100, 1_536, 1_537, 5_000])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.6, 1.0])
@pytest.mark.parametrize("reader", ["with numpy", "without"])
def test_names_come_in_row_order(count: int, share: float, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if reader == "without":
        monkeypatch.setattr(bits, "numpy_if_installed", lambda: None)
    names = [f"n{row}" for row in range(count)]
    rows = [row for row in range(count) if Random(row).random() < share]
    found = names_reader(names)(mask_of(rows, count))
    assert found == [names[row] for row in rows]
    assert all(type(name) is str for name in found)
