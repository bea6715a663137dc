"""How wide text becomes in a sans-serif font, measured by the broadest that browsers choose (DejaVu Sans)."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

BOLD = 1.15
_SLACK = 0.01  # pixels; sums of the same widths in another order differ by less

_WIDTHS = {  # in parts of the font size
    letter: width
    for letters, width in (
        ("ijlIJ'", 0.3),
        (" ,.|:;/\\", 0.34),
        ("frt()[]-!", 0.42),
        ('scz_?*`"L', 0.56),
        ("FEPTYSab0123456789deghknopquvxy{}$", 0.64),
        ("ABCKRVXZ", 0.7),
        ("DGHNOQU&", 0.79),
        ("w<>=+~^#", 0.84),
        ("M", 0.87),
    )
    for letter in letters
}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width in pixels at a font size."""
    return sum(_em(letter) for letter in text) * size * (BOLD if bold else 1.0)


def _em(letter: str) -> float:
    found = _WIDTHS.get(letter)
    if found is not None:
        return found
    if combining(letter):
        return 0.0
    return 0.85 if letter.isalpha() and east_asian_width(letter) not in "WF" else 1.0


def fit(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """The text cut to that width, with `…` for the rest."""
    if text_width(text, size, bold=bold) <= width + _SLACK:
        return text
    room = width - text_width("…", size, bold=bold) + _SLACK
    used = 0.0
    for index, letter in enumerate(text):
        used += text_width(letter, size, bold=bold)
        if used > room:
            return text[:index].rstrip() + "…"
    return text


def wrap(text: str, size: float, width: float, most: int) -> list[str]:
    """The text wrapped between words into at most `most` lines of at most that width."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) + 1 < most:
        count = 1
        while count < len(words) and text_width(" ".join(words[: count + 1]), size) <= width:
            count += 1
        lines.append(fit(" ".join(words[:count]), size, width))
        words = words[count:]
    if words:
        lines.append(fit(" ".join(words), size, width))
    return lines
