from __future__ import annotations

import json
from typing import Any

import pytest

from engine.index.bulk import IndexUnavailableError, Write, _batches, _reason, _sort
from engine.index.names import ProfileIndex

INDEX = ProfileIndex("customer_profiles-0123456789ab-1", "u", "sha256:0", "customer_id", 1, "live")


def write(profile: str = "c-1", document: bytes | None = b"{}") -> Write:
    return Write(INDEX, profile, 7, document)


def test_lines_are_a_bulk_request_with_an_external_version() -> None:
    lines = write('c"ö\n', b'{"a":1}').lines().split(b"\n")
    assert json.loads(lines[0]) == {
        "index": {
            "_index": "customer_profiles.into-0123456789ab-1",
            "_id": 'c"ö\n',
            "version": 7,
            "version_type": "external",
        }
    }
    assert lines[1:] == [b'{"a":1}', b""]
    assert json.loads(write("c", None).lines())["delete"]["version"] == 7


@pytest.mark.parametrize(
    "error, reason",
    [
        (
            {"type": "document_parsing_exception", "reason": "failed to parse field [a.b] of type"},
            "document_parsing_exception at `a.b`",
        ),
        ({"type": "document_parsing_exception", "reason": "field [secret] …"}, "document_parsing_exception"),
        ({"type": "a value, not a type"}, "an error without a name"),
        (None, "an error without a name"),
    ],
)
def test_a_reason_holds_nothing_but_the_kind_and_a_declared_field(error: Any, reason: str) -> None:
    assert _reason(error, frozenset({"a.b"})) == f"Elasticsearch refused the profile: {reason}"


def test_answers_are_sorted_by_what_is_to_be_done() -> None:
    writes = [write(f"c-{number}") for number in range(7)] + [write("gone", None), write("gone2", None)]
    statuses = [201, 409, 429, 400, 503, 200, 500, 404, 409]
    error = {"type": "kind_of_error", "reason": ""}
    answers = [
        {"index": {"status": status} | ({} if status in {200, 201, 404} else {"error": error})} for status in statuses
    ]
    found, why = _sort(writes, answers, frozenset())
    assert [each.profile for each in found.again] == ["c-2", "c-4", "c-6"]
    assert [each.profile for each in found.older] == ["c-1"]
    assert [each.write.profile for each in found.refused] == ["c-3"]
    assert why == "kind_of_error (500)"


def test_an_index_that_is_gone_is_no_document_that_is_gone() -> None:
    with pytest.raises(IndexUnavailableError, match="no longer there"):
        _sort([write()], [{"index": {"status": 404, "error": {"type": "index_not_found_exception"}}}], frozenset())


def test_batches_are_bounded_in_bytes() -> None:
    writes = [write(f"c-{number}", b"x" * 2_000_000) for number in range(5)] + [write("big", b"x" * 9_000_000)]
    assert [len(batch) for batch in _batches(writes)] == [2, 2, 1, 1]
    assert list(_batches([])) == []
