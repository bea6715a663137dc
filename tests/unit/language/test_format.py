from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.language.format import format_text

GOLDEN = Path(__file__).parents[2] / "golden" / "format"
CASES = sorted(GOLDEN.glob("*.before.yaml"))


@pytest.mark.parametrize("before", CASES, ids=lambda path: path.name.removesuffix(".before.yaml"))
def test_file_is_laid_out_as_approved(before: Path, golden: Callable[[Path, str], None]) -> None:
    text = before.read_bytes().decode()
    golden(before.with_name(before.name.replace(".before.", ".after.")), format_text(text, before.name))


def test_there_are_cases() -> None:
    assert CASES


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2\n", "a: !!str   x\n", "\t- a", "a: b\0"])
def test_a_file_with_errors_comes_back_as_it_is(text: str) -> None:
    assert format_text(text, "x.yaml") == text


@pytest.mark.parametrize("text", ["", "# only a comment\n", "a: 1\n", "a: NO\n"])
def test_a_file_in_canonical_layout_comes_back_as_it_is(text: str) -> None:
    assert format_text(text, "x.yaml") == text


@pytest.mark.parametrize(
    "text, formatted",
    [
        ("\n\n", ""),
        ("a: 1", "a: 1\n"),
        ("\ufeffa: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a:   1   # x  \n", "a: 1   # x\n"),
        ("{ a : 1,b:  [ 1,2 , 3 ] }", "{a: 1, b: [1, 2, 3]}\n"),
        ('{"a":1}', '{"a": 1}\n'),
        ("a: { }\n", "a: {}\n"),
        ("{a: , b: }\n", "{a: , b: }\n"),
        ("  {owner: 1, name: 2}\n", "  {owner: 1, name: 2}\n"),
        ("- {x: [1,\n  2]}\n-   'a\n     b'\n", "- {x: [1,\n  2]}\n- 'a\n     b'\n"),
        ("a: &b   1\nc: [ *b , *b ]\n", "a: &b   1\nc: [*b, *b]\n"),
        ("? a\n:   b\n", "? a\n:   b\n"),
    ],
)
def test_small_things_are_laid_out(text: str, formatted: str) -> None:
    assert format_text(text, "x.yaml") == formatted


def test_comments_move_with_the_key_they_stand_above() -> None:
    text = "# of the file\nowner: growth\n# of the name\nname: vip\nkind: Segment\n# of the version\napiVersion: v1\n"
    assert format_text(text, "x.yaml") == (
        "# of the file\n# of the version\napiVersion: v1\nkind: Segment\n# of the name\nname: vip\nowner: growth\n"
    )


def test_each_document_of_a_file_is_laid_out_where_it_stands() -> None:
    text = "name: a\nkind: A\n\n\n\n---\nkind: B\napiVersion:\n- v1\nowner: growth\n---\nowner: x\nname: c\n"
    assert format_text(text, "x.yaml") == (
        "kind: A\nname: a\n\n---\napiVersion:\n  - v1\nkind: B\nowner: growth\n\n---\nname: c\nowner: x\n"
    )


@pytest.mark.long
def test_a_large_file_is_laid_out_soon() -> None:
    text = "".join(f"key_{index}:\n    # note\n    - {{ a : {index} }}\n" for index in range(5_000))
    assert format_text(text, "x.yaml").startswith("key_0:\n  # note\n  - {a: 0}\nkey_1:")
