"""Array literals, against what PostgreSQL reads in them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.storage.arrays import blobs, flags, numbers, optional_texts, texts
from tests.servers.postgres import Database

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ["NULL", "", '"', "\\", "{}", ",", " a ", "\n", '\\"']
)


def test_arrays_are_read_as_they_were_given(wheel_database: Database) -> None:
    with wheel_database.connect() as connection:

        @given(
            st.lists(TEXT),
            st.lists(st.none() | TEXT),
            st.lists(st.integers(-(2**63), 2**63 - 1)),
            st.lists(st.booleans()),
            st.lists(st.binary()),
        )
        def check(plain: Any, optional: Any, whole: Any, yes_no: Any, raw: Any) -> None:
            given_ = (texts(plain), optional_texts(optional), numbers(whole), flags(yes_no), blobs(raw))
            row = connection.execute(
                "SELECT %s::text[], %s::text[], %s::bigint[], %s::boolean[], %s::bytea[]", given_
            ).fetchone()
            assert row == (plain, optional, whole, yes_no, raw)

        check()
