"""Many documents in one request, the answer of each looked at.

What the server is too busy for is sent again, at growing distances; a request that is too large is halved. A document
that is there already in a newer version is fine. One that the mapping refuses is given back.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .names import ProfileIndex

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

GONE: Final = 2**62  # the version of a deletion: above every version of a profile, so that no late copy comes after it
REQUEST_BYTES: Final = 5_000_000
ATTEMPTS: Final = 6
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0

_TOLD: Final = "errors,items.*.status,items.*.error.type,items.*.error.reason"
_BUSY: Final = {403, 408, 429, 500, 502, 503, 504}  # 403: an index that may not be written, as on a full disk
_FIELD: Final = re.compile(r"\bfield \[([\w.]{1,500})\]")
_TOO_LARGE: Final = "the document is larger than a request to Elasticsearch may be"
_KIND: Final = re.compile(r"[a-z_]{1,80}")


class IndexUnavailableError(RuntimeError):
    """Elasticsearch does not take documents at present; everything can be sent again."""


@dataclass(frozen=True, slots=True)
class Write:
    """A document for an index, or its deletion where `document` is None."""

    index: ProfileIndex
    profile: str
    version: int
    document: bytes | None

    def lines(self) -> bytes:
        """As a bulk request has it."""
        verb = "delete" if self.document is None else "index"
        head = {"_index": self.index.into, "_id": self.profile, "version": self.version, "version_type": "external"}
        action = json.dumps({verb: head}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        return action if self.document is None else action + self.document + b"\n"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that the server will never take as it is; the reason has no value in it."""

    write: Write
    reason: str


@dataclass(slots=True)
class _Sorted:
    """What became of the writes of one request."""

    again: list[Write]
    refused: list[Refusal]
    older: list[Write]


class Bulk:
    """Sends writes; `wait` pauses for some seconds and says whether to give up."""

    def __init__(self, client: Elasticsearch, wait: Callable[[float], bool] | None = None) -> None:
        self._client = client
        self._wait = wait or _sleep
        self._still_right: Callable[[], object] = lambda: None

    def send(
        self,
        writes: Iterable[Write],
        fields: Mapping[str, Any] | frozenset[str] = frozenset(),
        still_right: Callable[[], object] = lambda: None,
    ) -> list[Refusal]:
        """Write all of it; what was refused, with the name of the field where it is among `fields`.

        `still_right` is called before each request and raises where it must no longer be made. Raises
        IndexUnavailableError when something could not be written though it was tried again and again.
        """
        refused: list[Refusal] = []
        older: list[Write] = []
        self._still_right = still_right
        for batch in _batches(writes):
            refused += self._persist(batch, frozenset(fields), older)
        self._check_older(older)
        return refused

    def _persist(
        self, writes: Sequence[tuple[Write, bytes]], fields: frozenset[str], older: list[Write]
    ) -> list[Refusal]:
        refused: list[Refusal] = []
        left, pause, why = list(writes), FIRST_PAUSE, ""
        for attempt in range(ATTEMPTS):
            if attempt:
                if self._wait(pause):
                    break
                pause = min(pause * 2, LONGEST_PAUSE)
            body = b"".join(lines for _, lines in left)
            self._still_right()
            status, found, why = self._post(body)
            if status == 413:
                return refused + self._halve(left, fields, older)
            if found is None:
                continue
            outcome, why = _sort([write for write, _ in left], found, fields)
            refused += outcome.refused
            older += outcome.older
            if not outcome.again:
                return refused
            busy = set(map(id, outcome.again))
            left = [each for each in left if id(each[0]) in busy]
        if len(left) == 1 and len(left[0][1]) > REQUEST_BYTES:  # more than the server ever takes at a time
            return [*refused, Refusal(left[0][0], _TOO_LARGE)]
        raise IndexUnavailableError(f"{len(left):,} documents were not taken: {why}")

    def _halve(
        self, writes: Sequence[tuple[Write, bytes]], fields: frozenset[str], older: list[Write]
    ) -> list[Refusal]:
        if len(writes) == 1:
            return [Refusal(writes[0][0], _TOO_LARGE)]
        half = len(writes) // 2
        return self._persist(writes[:half], fields, older) + self._persist(writes[half:], fields, older)

    def _post(self, body: bytes) -> tuple[int, list[Mapping[str, Any]] | None, str]:
        """The status, the answers to the items (None where there are none and it may be tried again), and why."""
        from elasticsearch import ApiError, TransportError

        try:
            answer = self._client.perform_request(
                "POST", "/_bulk", params={"require_alias": "true", "filter_path": _TOLD}, headers=_NDJSON, body=body
            )
        except ApiError as problem:
            if problem.status_code == 413:
                return 413, None, ""
            if problem.status_code in _BUSY | {401}:
                return problem.status_code, None, f"it answered {problem.status_code}"
            raise
        except TransportError as problem:  # whether it was taken is not known; it can be sent again
            raise IndexUnavailableError(f"it cannot be reached: {type(problem).__name__}") from None
        return 200, answer.body["items"], ""

    def _check_older(self, writes: Sequence[Write]) -> None:
        """A document that was older than what is there is fine, but where nothing is: a deletion is remembered there.

        That is a customer who was erased a minute ago and is there again. The server forgets the deletion soon.
        """
        by_index: dict[str, list[str]] = {}
        for each in writes:
            by_index.setdefault(each.index.name, []).append(each.profile)
        for name, profiles in by_index.items():
            if any(not found for found in existing(self._client, name, profiles).values()):
                raise IndexUnavailableError(
                    "it still remembers the deletion of a customer who is there again, as it does for a minute"
                )


_NDJSON: Final = {"content-type": "application/x-ndjson", "accept": "application/json"}


def existing(client: Elasticsearch, index: str, profiles: Sequence[str]) -> dict[str, int]:
    """The version of each profile's document as of now, 0 where there is none."""
    from elasticsearch import ApiError, TransportError

    try:
        answer = client.mget(
            index=index, ids=list(profiles), source=False, filter_path="docs._id,docs.found,docs._version"
        )
    except (ApiError, TransportError) as problem:
        raise IndexUnavailableError(f"it could not be asked for documents: {type(problem).__name__}") from None
    return {each["_id"]: each["_version"] if each.get("found") else 0 for each in answer["docs"]}


def _sort(writes: Sequence[Write], answers: Sequence[Mapping[str, Any]], fields: frozenset[str]) -> tuple[_Sorted, str]:
    found = _Sorted([], [], [])
    why = ""
    for write, answer in zip(writes, answers, strict=True):
        (told,) = answer.values()
        status = int(told["status"])
        if status < 300:
            continue
        error = told.get("error")
        if status == 409:
            if write.document is not None:
                found.older.append(write)
        elif status == 404:
            if error is not None:  # the index is gone, not the document
                raise IndexUnavailableError(f"the index `{write.index.name}` is no longer there")
        elif status in _BUSY:
            found.again.append(write)
            why = f"{_kind(error)} ({status})"
        else:
            found.refused.append(Refusal(write, _reason(error, fields)))
    return found, why


def _reason(error: Mapping[str, Any] | None, fields: frozenset[str]) -> str:
    """What kind of error it is and at which field; the server's own words can repeat values."""
    match = _FIELD.search(str((error or {}).get("reason", "")))
    where = f" at `{match[1]}`" if match and match[1] in fields else ""
    return f"Elasticsearch refused the profile: {_kind(error)}{where}"


def _kind(error: Mapping[str, Any] | None) -> str:
    kind = str((error or {}).get("type", ""))
    return kind if _KIND.fullmatch(kind) else "an error without a name"


def _batches(writes: Iterable[Write]) -> Iterable[list[tuple[Write, bytes]]]:
    batch: list[tuple[Write, bytes]] = []
    size = 0
    for each in writes:
        lines = each.lines()
        if batch and size + len(lines) > REQUEST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((each, lines))
        size += len(lines)
    if batch:
        yield batch


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False
