from __future__ import annotations

import pytest

from engine.operators.patterns import PatternRefusedError, parse, parse_like


@pytest.mark.parametrize(
    "text, lucene, re2",
    [
        ("[A-Z]{2}[0-9]+", "[A-Z]{2}[0-9]+", "[A-Z]{2}[0-9]+"),
        ("a|b(c|d)*e?", "a|b(c|d)*e?", "a|b(?:c|d)*e?"),
        (r"a\.b@x", r"a\.b\@x", r"a\.b@x"),
        ('"#<>&~', r"\"\#\<\>\&\~", '"#<>&~'),
        (r"\.\?\*\+\|\(\)\[\]\{\}\\\^\$", r"\.\?\*\+\|\(\)\[\]\{\}\\\^\$", r"\.\?\*\+\|\(\)\[\]\{\}\\\^\$"),
        (r"\-\_\/", "-_/", "-_/"),
        ("[a-]", r"[\-a]", r"[\-a]"),
        ("[-a]", r"[\-a]", r"[\-a]"),
        ("[^-a]", r"[^\-a]", r"[^\-a]"),
        (r"[\]\[\^&~]", r"[\&\[\]\^\~]", r"[\&\[\]\^\~]"),
        ("[a-cb-da]", "[a-d]", "[a-d]"),
        ("[ab]", "[ab]", "[ab]"),
        ("[a]", "a", "a"),
        ("[.]", r"\.", r"\."),
        ("(a)", "a", "a"),
        ("(ab)c", "abc", "abc"),
        ("(ab){3}", "(ab){3}", "(?:ab){3}"),
        ("(a{2})*", "(a{2})*", "(?:a{2})*"),
        ("((a|b))+", "(a|b)+", "(?:a|b)+"),
        ("(a|b)|c", "a|b|c", "a|b|c"),
        ("a{1}b{0,1}c{0,}d{1,}e{01}", "ab?c*d+e", "ab?c*d+e"),
        (".é😀", ".é😀", ".é😀"),
    ],
)
def test_pattern_is_written_for_lucene_and_re2(text: str, lucene: str, re2: str) -> None:
    pattern = parse(text)
    assert (pattern.lucene(), pattern.re2()) == (lucene, re2)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the pattern has 0 characters, expected 1 to 256"),
        ("a" * 257, "the pattern has 257 characters, expected 1 to 256"),
        ("ab\\d+", "`\\d` at character 3 is not part of the grammar; write `[0-9]`"),
        ("\\bword", "`\\b` at character 1 is not part of the grammar; a pattern covers the whole value"),
        ("\\1", "`\\1` at character 1 is not part of the grammar; a backslash stands before a punctuation mark only"),
        ("a\\", "`\\` at character 2 is not part of the grammar; a backslash stands before a punctuation mark only"),
        ("^a", "`^` at character 1 is not an anchor here; a pattern covers the whole value; `\\^` is the sign itself"),
        ("a$", "`$` at character 2 is not an anchor here; a pattern covers the whole value; `\\$` is the sign itself"),
        ("*a", "`*` at character 1 repeats nothing; write `\\*` for the sign itself"),
        ("a|+", "`+` at character 3 repeats nothing; write `\\+` for the sign itself"),
        ("a**", "`*` at character 3 repeats a repetition; use one of `? * + {m,n}`, or a group"),
        ("a{2}?", "`?` at character 5 repeats a repetition; use one of `? * + {m,n}`, or a group"),
        ("a{2", "`{` at character 2 is not a repetition; expected `{m}`, `{m,}` or `{m,n}`, or `\\{` for the sign"),
        (
            "a{,2}",
            "`{,2}` at character 2 is not a repetition; expected `{m}`, `{m,}` or `{m,n}`, or `\\{` for the sign",
        ),
        (
            "a{1,2,3}",
            "`{1,2,3}` at character 2 is not a repetition; expected `{m}`, `{m,}` or `{m,n}`, or `\\{` for the sign",
        ),
        ("a{٣}", "`{٣}` at character 2 is not a repetition; expected `{m}`, `{m,}` or `{m,n}`, or `\\{` for the sign"),
        ("a{3,2}", "`{3,2}` at character 2 is not a repetition; expected bounds in their order, at most 1,000"),
        ("a{0}", "`{0}` at character 2 is not a repetition; expected 1 to 1,000"),
        ("a{1001,}", "`{1001,}` at character 2 is not a repetition; expected 1 to 1,000"),
        ("(a?){3}", "`{3}` at character 5 repeats what may be empty; use `*`, or let the group take a character"),
        ("(?:a)", "`(?` at character 1 begins a group with options; groups have none"),
        ("x(a", "`(` at character 2 is not closed; expected `)`"),
        ("a)", "`)` at character 2 closes no group; write `\\)` for the sign itself"),
        ("()", "`)` at character 2 leaves a branch empty; make the rest optional with `?`"),
        ("a|", "the end of the pattern leaves a branch empty; make the rest optional with `?`"),
        ("||a", "`|` at character 1 leaves a branch empty; make the rest optional with `?`"),
        ("a]", "`]` at character 2 closes nothing; write `\\]` for the sign itself"),
        ("}", "`}` at character 1 closes nothing; write `\\}` for the sign itself"),
        ("[a", "`[` at character 1 is not closed; expected `]`"),
        ("[a-", "`[` at character 1 is not closed; expected `]`"),
        ("[", "`[` at character 1 is not closed; expected `]`"),
        ("[]", "`]` at character 2 leaves the class empty; write `\\]` for the sign itself"),
        ("[^]", "`]` at character 3 leaves the class empty; write `\\]` for the sign itself"),
        ("[[:alpha:]]", "`[` at character 2 stands in a class; write `\\[` for the sign itself"),
        ("[z-a]", "`a` at character 4 ends a range before it began; expected `z` or later"),
        ("[a-z-9]", "`-` at character 5 joins no two characters; write `\\-` for the sign itself"),
        ("[a\\d]", "`\\d` at character 3 is not part of the grammar; write `[0-9]`"),
        ("(" * 33 + "a" + ")" * 33, "`(` at character 33 nests too deep; expected at most 32 groups within each other"),
    ],
)
def test_pattern_outside_the_grammar_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PatternRefusedError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_refusal_carries_the_offset() -> None:
    with pytest.raises(PatternRefusedError) as caught:
        parse("é😀\\d")
    assert caught.value.position == 2


def test_every_printable_sign_is_a_literal_after_a_backslash_or_refused() -> None:
    for sign in map(chr, range(33, 127)):
        if sign.isalnum():
            with pytest.raises(PatternRefusedError):
                parse(f"\\{sign}")
        else:
            assert parse(f"\\{sign}").matches(sign)
            assert not parse(f"\\{sign}").matches("a")


@pytest.mark.parametrize("text", ["", "a" * 257, "*" * 257])
def test_shape_of_no_or_too_many_characters_is_refused(text: str) -> None:
    with pytest.raises(PatternRefusedError, match="characters, expected 1 to 256"):
        parse_like(text)
