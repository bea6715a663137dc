"""Exports the customers that a query selects, in the order of their keys, from one unchanging view of the index.

A view (point in time) is read in slices by threads that are at most two pages ahead, a page after the last key of the
page before. The index is sorted by key, so a page costs what it holds. Only the sort values are asked for: the server
then opens no stored field, which is most of what a page costs otherwise.

However slowly the pages are taken, the view stays: whoever reads ahead asks for it again and again meanwhile. Where it
is lost all the same, as when this process or the server has stood still, reading goes on behind the last page that was
taken, in a view of then. Everybody is in it once, as the pages come in order.

A query with keyed hashes fits a view only if the documents there have hashes of the same key. Such a query is handed in
as a function that binds it, and is bound before the view is opened and after: it fits where both are the same.

The server orders keys by the bytes of their UTF-8, which is the order of code points, and so Python's order of texts.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from itertools import chain
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, Final

from .names import ProfileIndex

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Query = Mapping[str, Any]

PAGE: Final = 10_000  # the server's own limit of hits in one answer
AHEAD: Final = 2
KEEP_ALIVE_SECONDS: Final = 300
RENEWALS: Final = 4  # how often a view is asked for in that time while nobody takes its pages
TICK_SECONDS: Final = 0.1
BOUND_TRIES: Final = 5

_TOLD: Final = "pit_id,timed_out,_shards.failed,hits.hits.sort"


class PartialAnswerError(RuntimeError):
    """The server answered without some of its shards, or ran out of time: it is unknown which customers are missing."""


def export_ids(
    client: Elasticsearch, index: ProfileIndex, query: Query | Callable[[], Query], *, slices: int = 2, page: int = PAGE
) -> Iterator[str]:
    """The keys of the customers that the query selects, ascending. Raises PartialAnswerError and the client's errors.

    `query` is what stands under `query` in a compiled one, or binds that: see above. Close the iterator if you leave it
    before its end.
    """
    pages = export_pages(client, index, query, slices=slices, page=page)
    try:
        yield from chain.from_iterable(pages)
    finally:
        pages.close()


def export_pages(
    client: Elasticsearch, index: ProfileIndex, query: Query | Callable[[], Query], *, slices: int = 2, page: int = PAGE
) -> Generator[list[str], None, None]:
    """As `export_ids`, in lists of which each follows the one before."""
    last: str | None = None
    lost = True
    while lost:
        lost, came = False, False
        with closing(_view_pages(client, index, query, last, (slices, page))) as pages:
            try:
                for each in pages:
                    last, came = each[-1], True
                    yield each
            except _ViewLostError as problem:
                if not came:  # a view that is lost before anything was read is lost again
                    raise PartialAnswerError("the index gave up a view of it before a page was read") from problem
                lost = True


def _view_pages(
    client: Elasticsearch,
    index: ProfileIndex,
    query: Query | Callable[[], Query],
    after: str | None,
    shape: tuple[int, int],
) -> Generator[list[str], None, None]:
    """The pages of one view behind a key; `shape` is the number of slices and the size of a page."""
    slices, page = shape
    view, bound = _bind(client, index, query) if callable(query) else (_open_view(client, index), query)
    request: dict[str, Any] = {"query": bound, "sort": [{index.key: "asc"}], "size": page}
    if after is not None:
        request["search_after"] = [after]
    readers = [_Slice(client, view, request, number, slices) for number in range(slices)]
    try:
        for each in readers:
            each.start()
        yield from _merge(readers)
    finally:
        for each in readers:
            each.stop()
        for each in readers:
            each.join()
        _close(client, readers[0].view)


def _open_view(client: Elasticsearch, index: ProfileIndex) -> str:
    found: str = client.open_point_in_time(index=index.name, keep_alive=_keep_alive())["id"]
    return found


def _bind(client: Elasticsearch, index: ProfileIndex, query: Callable[[], Query]) -> tuple[str, Query]:
    """A view, and the query that fits it. Raises PartialAnswerError, and what binding the query raises."""
    bound = query()
    for _ in range(BOUND_TRIES):
        client.indices.refresh(index=index.name)  # documents had those hashes before anybody searched by them
        view = _open_view(client, index)
        try:
            again = query()
            if again == bound:
                return view, bound
        except BaseException:
            _close(client, view)
            raise
        _close(client, view)
        bound = again
    raise PartialAnswerError("the hash key has changed each time that the index was asked: try again")


def _close(client: Elasticsearch, view: str) -> None:
    with suppress(Exception):  # it ends by itself, and what went wrong before matters more
        client.close_point_in_time(id=view)


def _keep_alive() -> str:
    return f"{KEEP_ALIVE_SECONDS}s"


class _ViewLostError(RuntimeError):
    """The server no longer knows the view."""


class _Slice(threading.Thread):
    """Reads one slice of a view ahead of the consumer of its pages."""

    def __init__(self, client: Elasticsearch, view: str, request: Mapping[str, Any], number: int, slices: int) -> None:
        super().__init__(name=f"export-{number}", daemon=True)
        self.view = view
        self._client = client
        self._request = dict(request)
        if slices > 1:
            self._request["slice"] = {"id": number, "max": slices}
        self._pages: Queue[list[str] | BaseException | None] = Queue(AHEAD)
        self._stopped = threading.Event()
        self._renewed = time.monotonic()

    def stop(self) -> None:
        """No more pages are wanted."""
        self._stopped.set()

    def take(self) -> list[str] | None:
        """The next page, None after the last one."""
        while True:
            try:
                found = self._pages.get(timeout=TICK_SECONDS)
            except Empty:
                if not self.is_alive() and self._pages.empty():
                    raise PartialAnswerError("a slice of the export ended without saying why") from None
                continue
            if isinstance(found, BaseException):
                raise found
            return found

    def run(self) -> None:
        """Read to the end."""
        try:
            for each in self._read():
                if not self._put(each):
                    return
            self._put(None)
        except BaseException as problem:  # noqa: BLE001 - it is raised where the pages are taken
            self._put(problem)

    def _put(self, found: list[str] | BaseException | None) -> bool:
        while not self._stopped.is_set():
            with suppress(Full):
                self._pages.put(found, timeout=TICK_SECONDS)
                return True
            if isinstance(found, list) and (time.monotonic() - self._renewed) * RENEWALS >= KEEP_ALIVE_SECONDS:
                self._search({"query": {"match_none": {}}, "size": 0})
        return False

    def _read(self) -> Iterator[list[str]]:
        size = self._request["size"]
        while not self._stopped.is_set():
            hits = self._search({**self._request, "stored_fields": "_none_"})
            if hits:
                self._request["search_after"] = hits[-1]["sort"]
                yield [each["sort"][0] for each in hits]
            if len(hits) < size:
                return

    def _search(self, request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The hits in the view, which stays for another while."""
        from elasticsearch import NotFoundError

        self._renewed = time.monotonic()
        try:
            answer = self._client.search(
                **request,
                pit={"id": self.view, "keep_alive": _keep_alive()},
                track_total_hits=False,
                allow_partial_search_results=False,
                filter_path=_TOLD,
            ).body
        except NotFoundError as problem:
            raise _ViewLostError(f"the server does not know the view: {problem.status_code}") from None
        if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
            raise PartialAnswerError("the index answered in part only: try again, or look at the cluster's health")
        self.view = answer["pit_id"]
        found: list[Mapping[str, Any]] = answer.get("hits", {}).get("hits", [])
        return found


def _merge(slices: list[_Slice]) -> Iterator[list[str]]:
    """The pages of all slices as one ascending sequence: each time all that lies before the first end of a page."""
    pages: dict[_Slice, list[str]] = {}
    waiting = list(slices)
    while True:
        for each in waiting:
            page = each.take()
            if page is not None:
                pages[each] = page
        if not pages:
            return
        bound = min(page[-1] for page in pages.values())
        waiting, ready = [], []
        for each, page in list(pages.items()):
            cut = bisect_right(page, bound)
            ready.append(page[:cut])
            if cut == len(page):
                del pages[each]
                waiting.append(each)
            else:
                pages[each] = page[cut:]
        if len(ready) == 1:
            yield ready[0]
            continue
        joined = list(chain.from_iterable(ready))
        joined.sort()  # runs that are sorted already are merged, not sorted again
        yield joined
