"""Sets of rows as Python integers.

Row 0 is the highest of `count` bits, so that the binary text of a mask reads in row order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType

FEW = 12  # rows for which shifting beats writing into bytes
SHORT = 1_536  # rows up to which taking bit by bit beats reading binary text
MEMORY = 128 << 20  # bytes that masks may take by default
LONG = 1_536  # rows from which numpy, where it is installed, reads a mask faster

Names = Callable[[int], list[str]]


class Bits:
    """Masks over `count` rows."""

    __slots__ = ("bytes", "count", "every", "pad")

    def __init__(self, count: int) -> None:
        self.count = count
        self.bytes = (count + 7) // 8
        self.pad = self.bytes * 8 - count
        self.every = (1 << count) - 1

    def of(self, rows: Sequence[int]) -> int:
        """The mask of the rows that are given an odd number of times: a row given twice has changed back."""
        if len(rows) < FEW:
            mask, top = 0, self.count - 1
            for row in rows:
                mask ^= 1 << (top - row)
            return mask
        content = bytearray(self.bytes)
        for row in rows:
            content[row >> 3] ^= 128 >> (row & 7)
        return int.from_bytes(content, "big") >> self.pad


def names_reader(names: Sequence[str]) -> Names:
    """A function from a mask over the rows so named to the names of its rows, in row order."""
    count = len(names)
    if count <= SHORT:
        return bit_by_bit(names)
    if count > LONG:
        numpy = numpy_if_installed()
        if numpy is not None:
            return _by_numpy(names, numpy)
    return _by_text(names)


def bit_by_bit(names: Sequence[str]) -> Names:
    """A reader whose time depends on the number of names found."""
    at_length = ("", *reversed(names))
    single = tuple(1 << index >> 1 for index in range(len(names) + 1))

    def read(mask: int) -> list[str]:
        found = []
        while mask:
            length = mask.bit_length()
            found.append(at_length[length])
            mask ^= single[length]
        return found

    return read


def _by_text(names: Sequence[str]) -> Names:
    top = 1 << len(names)  # keeps the leading zeros

    def read(mask: int) -> list[str]:
        gaps = bin(mask | top)[3:].split("1")
        gaps.pop()
        row = -1
        found = []
        for gap in gaps:
            row += len(gap) + 1
            found.append(names[row])
        return found

    return read


def numpy_if_installed() -> ModuleType | None:
    """Numpy, imported when the first large matcher is built and never before; None where it is not installed."""
    try:
        import numpy as np
    except ImportError:
        return None
    return np


def _by_numpy(names: Sequence[str], numpy: ModuleType) -> Names:
    size = (len(names) + 7) // 8
    padded = [""] * (size * 8 - len(names)) + list(names)  # the first byte's highest bits are never set
    array = numpy.array(padded, dtype=object)
    frombuffer, unpackbits, uint8 = numpy.frombuffer, numpy.unpackbits, numpy.uint8

    def read(mask: int) -> list[str]:
        bits = unpackbits(frombuffer(mask.to_bytes(size, "big"), uint8)).view(bool)
        found: list[str] = array[bits.nonzero()[0]].tolist()
        return found

    return read
