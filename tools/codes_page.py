"""Writes `docs/codes.md` from the registry of codes: `python -m tools.codes_page`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.diagnostics import Code, all_codes

PAGE = Path(__file__).parents[1] / "docs" / "codes.md"
LONGEST = 1_500  # characters of an example that a page shows
FAMILIES = {
    "Y": "YAML as written",
    "S": "The shape of documents",
    "L": "Names",
    "T": "Types and expressions",
    "G": "Rule graphs",
    "D": "Decision tables",
    "X": "Experiments and bandits",
    "C": "Limits, and segments that match no one or everyone",
    "P": "Personal and encrypted fields",
    "H": "Suppressions",
    "B": "Bundles",
}
_HEAD = """\
# Findings

Written by `python -m tools.codes_page` from `engine/diagnostics/codes`; change those, not this page.

`decisor check` tells every finding with its code, its place, help and, where there is one, a fix;
`decisor explain CODE` prints what this page says of one code. Errors stop the other commands. Warnings
fail `decisor check --strict` alone, and their document may accept them for a time:

```yaml
allow: [{code: C002, reason: waits for the spring campaign, until: 2027-03-31}]
```
"""
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def page() -> str:
    """The whole page."""
    codes = all_codes()
    families = {letter: [code for code in codes if code.code[0] == letter] for letter in FAMILIES}
    parts = [_HEAD]
    for letter, title in FAMILIES.items():
        if families[letter]:
            parts.append(f"## {letter}: {title}\n")
            parts.append(_contents(families[letter]))
            parts += ["\n".join(_entry(code)) for code in families[letter]]
    return "\n".join(parts)


def _contents(codes: list[Code]) -> str:
    rows = [f"| [{code.code}](#{code.code.lower()}) | {code.severity} | {code.title} |" for code in codes]
    return "\n".join(["| code | | |", "| --- | --- | --- |", *rows, ""])


def _entry(code: Code) -> Iterator[str]:
    yield f"### {code.code}\n"
    yield f"**{code.title[0].upper()}{code.title[1:]}.** {code.summary} {code.help}\n"
    for title, text in (("Gives it", code.bad), ("Does not", code.good)):
        if text and len(text) <= LONGEST:
            yield f"{title}:\n\n```yaml\n{_visible(text).rstrip()}\n```\n"


def _visible(text: str) -> str:
    """The text with names for the characters that no one can see."""
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
