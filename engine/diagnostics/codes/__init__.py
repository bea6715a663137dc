"""All codes of findings, one file per family; sealed by the first read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from threading import Lock

from .registry import Code

__all__ = ["FAMILIES", "Code", "all_codes", "code", "register"]

FAMILIES = {
    "Y": "yaml",
    "S": "shape",
    "L": "links",
    "T": "types",
    "G": "graph",
    "D": "tables",
    "X": "experiments",
    "C": "compile",
    "P": "privacy",
    "H": "hygiene",
}
"""Letter of a family and the file in this folder that lists its codes as `CODES`."""

_FORM = re.compile(r"[A-Z][0-9]{3}")
_codes: dict[str, Code] = {}
_sealed = False
_sealing = Lock()


def register(*codes: Code) -> None:
    """Declare codes; each once, and only before the first one is read."""
    if _sealed:
        raise RuntimeError(f"{codes[0].code} comes too late: codes are sealed by the first read")
    _declare(codes)


def code(name: str) -> Code:
    """The declared code of that name; an undeclared one is a bug and raises LookupError."""
    _seal()
    try:
        return _codes[name]
    except KeyError:
        raise LookupError(f"code {name} is not declared in engine/diagnostics/codes") from None


def all_codes() -> list[Code]:
    """Every code, sorted by name."""
    _seal()
    return [_codes[name] for name in sorted(_codes)]


def _seal() -> None:
    """Read the family files; at the first use, so that importing this package costs nothing."""
    global _sealed  # noqa: PLW0603 - the one switch of this registry
    with _sealing:
        if not _sealed:
            _read_families()
        _sealed = True


def _read_families() -> None:
    for letter, module in FAMILIES.items():
        family: Iterable[Code] = import_module(f".{module}", __name__).CODES
        for each in family:
            if not each.code.startswith(letter):
                raise RuntimeError(f"{each.code} does not belong to {module}.py, whose codes begin with {letter}")
        _declare(family)


def _declare(codes: Iterable[Code]) -> None:
    for each in codes:
        if not _FORM.fullmatch(each.code):
            raise RuntimeError(f"{each.code} is not a letter and three digits")
        if each.code in _codes:
            raise RuntimeError(f"{each.code} is declared twice")
        _codes[each.code] = each
