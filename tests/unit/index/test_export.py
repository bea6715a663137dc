from __future__ import annotations

import random
from typing import Any

import pytest

from engine.index.export import _merge


class Given:
    """Pages as a slice gives them."""

    def __init__(self, keys: list[str], size: int) -> None:
        self.pages = [keys[start : start + size] for start in range(0, len(keys), size)]

    def take(self) -> list[str] | None:
        return self.pages.pop(0) if self.pages else None


@pytest.mark.parametrize("seed", range(20))
def test_pages_of_slices_become_one_ascending_sequence(seed: int) -> None:
    random_ = random.Random(seed)
    keys = sorted({chr(random_.randrange(0xD800)) + str(number) for number in range(random_.randrange(300))})
    count = random_.randrange(1, 5)
    slices: list[Any] = []
    if seed % 2:
        parts: list[list[str]] = [[] for _ in range(count)]
        for key in keys:
            random_.choice(parts).append(key)
    else:
        size = max(1, -(-len(keys) // count))
        parts = [keys[start : start + size] for start in range(0, len(keys), size)]
    slices = [Given(part, random_.randrange(1, 30)) for part in parts]
    assert [key for page in _merge(slices) for key in page] == keys
