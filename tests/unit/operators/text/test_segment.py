from __future__ import annotations

import random
import string
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.operators.text import MAX_UNITS, token_set, tokens
from engine.operators.text.segment import _tokens
from tests.effort import yardstick
from tests.waiting import PATIENCE

ASCII_TEXT = st.text(st.sampled_from("aZ09_.,:;'\" -\n") | st.characters(max_codepoint=127), max_size=60)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", []),
        ("  \n", []),
        ("Brown foxes, Jumping!", ["brown", "foxes", "jumping"]),
        ("don't e.g. a:b 3.14 1,000;5 1.a a.1", ["don't", "e.g", "a:b", "3.14", "1,000;5", "1", "a", "a", "1"]),
        ("snake_case __ _x_ _", ["snake_case", "_x_"]),
        ("O’Neill l'été", ["o’neill", "l'été"]),
        ("日本語 カタカナ ひらがな", ["日", "本", "語", "カタカナ", "ひ", "ら", "が", "な"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("สวัสดีครับ ສະບາຍດີ សួស្តី မင်္ဂလာပါ", ["สวัสดีครับ", "ສະບາຍດີ", "សួស្តី", "မင်္ဂလာပါ"]),
        ("I ❤️ © NY ½ ² ①", ["i", "❤️", "©", "ny"]),
        ("👩‍👩‍👧 👍🏽 🇩🇪🇦 #️⃣ 1️⃣", ["👩‍👩‍👧", "👍🏽", "🇩🇪", "#️⃣", "1️⃣"]),
        ("İSTANBUL ΟΔΟΣ", ["istanbul", "οδοσ"]),
        ("א\"ב ג'", ['א"ב', "ג'"]),
        ("x\u200dy a\u0301b", ["x\u200dy", "a\u0301b"]),
    ],
)
def test_tokens_are_those_of_the_standard_analyser(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(ASCII_TEXT)
def test_quick_way_for_ascii_gives_the_tokens_of_all_the_rules(text: str) -> None:
    assert tokens(text) == _tokens(text)


def test_quick_way_for_ascii_gives_the_tokens_of_all_the_rules_on_many_texts() -> None:
    chance = random.Random(5)
    for alphabet in ("ab1_.,:;'\" ", string.printable, "aB1 ", "a._1"):
        for _ in range(4_000):
            text = "".join(chance.choices(alphabet, k=chance.randint(0, 30)))
            assert tokens(text) == _tokens(text), text


@given(st.text(st.sampled_from("ab1_.,:' "), min_size=200, max_size=700))
def test_quick_way_for_ascii_cuts_long_tokens_as_all_the_rules_do(text: str) -> None:
    assert tokens(text) == _tokens(text)


@pytest.mark.parametrize("letter, per_token", [("a", 255), ("é", 255), ("𝐀", 127)])
def test_long_word_is_cut_at_255_utf16_units(letter: str, per_token: int) -> None:
    found = tokens(letter * 600)
    assert [len(token) for token in found[:-1]] == [per_token] * (len(found) - 1)
    assert "".join(found) == letter * 600


@given(st.text(max_size=400))
def test_no_token_is_empty_or_longer_than_the_limit(text: str) -> None:
    assert all(1 <= len(token.encode("utf-16-le", "surrogatepass")) <= 2 * MAX_UNITS for token in tokens(text))


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_line_break_separates_whatever_stands_around_it(left: str, right: str) -> None:
    assert tokens(f"{left}\n{right}") == tokens(left) + tokens(right)


def test_token_set_holds_each_token_once() -> None:
    assert token_set("Jazz and jazz") == frozenset({"jazz", "and"})


@pytest.mark.parametrize("unit", ["_", "\u200d", "_\u0e31", "#\u0301", "a\u0301.", "❤\u200d", "❤\ufe0f\U000e0067"])
def test_hostile_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        started = time.process_time()
        tokens(text)
        return time.process_time() - started

    tokens(unit)
    short = max(seconds(10_000) for _ in range(3))
    assert min(seconds(40_000) for _ in range(3)) < 12 * max(short, yardstick() / 2)


def test_importing_compiles_no_pattern_and_reads_no_table() -> None:
    program = (
        "import sys, re\n"
        "compiled = []\n"
        "before = re.compile\n"
        "re.compile = lambda *given: compiled.append(given) or before(*given)\n"
        "import engine.operators.code_points\n"
        "compiled.clear()\n"
        "import engine.operators.text as text\n"
        "from engine.operators.text import segment\n"
        "sys.exit(len(compiled) + len(segment._CLASSES))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)
