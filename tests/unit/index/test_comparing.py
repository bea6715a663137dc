from __future__ import annotations

from engine.index.comparing import _align, _comparable, _pages
from engine.ir.types import Field

FIELDS = (
    Field("email", "keyword", encrypted="equality"),
    Field("country", "keyword"),
    Field("notes", "object", many=True, fields=(Field("text", "text", encrypted="none"), Field("kind", "keyword"))),
    Field("home", "object", fields=(Field("street", "keyword", encrypted="none"),)),
)


def document(cipher: str) -> dict[str, object]:
    return {
        "customer_id": "c-1",
        "email": {"present": True, "cipher": [cipher], "hash": ["h"]},
        "country": "DE",
        "notes": [{"text": {"present": True, "cipher": [cipher, cipher]}, "kind": "a"}, {"kind": "b"}],
        "home": {"street": {"present": True, "cipher": [cipher]}},
    }


def test_cipher_texts_count_and_hashes_are_compared() -> None:
    assert _comparable(document("a"), FIELDS) == _comparable(document("b"), FIELDS)
    assert _comparable(document("a"), FIELDS)["home"] == {"street": {"present": True, "cipher": 1}}
    changed = document("a") | {"email": {"present": True, "cipher": ["a"], "hash": ["other"]}}
    assert _comparable(changed, FIELDS) != _comparable(document("a"), FIELDS)
    more = document("a") | {"email": {"present": True, "cipher": ["a", "a"], "hash": ["h"]}}
    assert _comparable(more, FIELDS) != _comparable(document("a"), FIELDS)


def test_two_ascending_sequences_are_laid_side_by_side() -> None:
    found = list(_align(iter(["", "a", "c", "d"]), iter(["b", "c", "e", "f"])))
    assert found == [
        ("", True, False),
        ("a", True, False),
        ("b", False, True),
        ("c", True, True),
        ("d", True, False),
        ("e", False, True),
        ("f", False, True),
    ]
    assert list(_align(iter([]), iter([]))) == []


def test_keys_are_looked_at_once_a_page_at_a_time() -> None:
    assert [len(page) for page in _pages([*map(str, range(1_100)), "1", "2"])] == [500, 500, 100]
