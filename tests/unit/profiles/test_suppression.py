from __future__ import annotations

from engine.erasure.erasure import Report, Row
from engine.erasure.place import UnreachablePlaceError, describe_problem
from engine.profiles.suppression import suppression_hash


def test_the_hash_is_hmac_sha_256_as_rfc_4231_says() -> None:
    found = suppression_hash(b"Jefe", "what do ya want for nothing?")
    assert found.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_an_erasure_is_done_when_every_place_was_looked_at_and_holds_nothing() -> None:
    clean, left, unseen_events = Row("Redis", "a", 5, 0), Row("Redis", "b", 5, 1), Row("Redis", "c", None, None, "away")
    assert Report([clean]).done
    assert not Report([clean, left]).done
    assert not Report([clean, unseen_events]).done
    assert not Report([clean], ["a rebuild is under way"]).done


def test_only_our_own_words_are_repeated() -> None:
    assert describe_problem(UnreachablePlaceError("no Redis is known")) == "no Redis is known"
    assert describe_problem(OSError("märta is not to be told")) == "OSError"
