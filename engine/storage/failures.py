"""The parts of an error that may be shown: its kind, its code and where it arose, never its text.

The text may hold values: PostgreSQL repeats a row in `DETAIL` and a parameter in `CONTEXT`, Redis a key, Elasticsearch
a field's content, and Python's own errors the input that they could not read. Personal data would reach terminals and
logs that way.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Iterator
from traceback import StackSummary, extract_tb
from typing import Any, Final

_SERVERS: Final = {
    "psycopg": "PostgreSQL",
    "redis": "Redis",
    "elasticsearch": "Elasticsearch",
    "elastic_transport": "Elasticsearch",
}
_ASKED_OFTEN: Final = ("PostgreSQL", "Redis")  # callers of Elasticsearch report its errors themselves
# The text of these concerns the program alone: names of its types, attributes and modules.
_ABOUT_THE_PROGRAM: Final = (AttributeError, ImportError, ModuleNotFoundError, NameError, UnboundLocalError)
_CODE: Final = re.compile(r"[A-Z]{3,20}\b")  # how an error reply of Redis begins, such as WRONGTYPE or NOSCRIPT
_NAMES: Final = ("table_name", "column_name", "constraint_name")
_OURS: Final = (__package__.partition(".")[0], "decisor")
_LONGEST_CHAIN: Final = 20


def server_of(problem: BaseException) -> str | None:
    """The name of the server whose library raised the error, None for any other error."""
    return _SERVERS.get(type(problem).__module__.partition(".")[0])


def failure_text(problem: BaseException) -> str | None:
    """The message for an operator when PostgreSQL or Redis has failed, None for any other error."""
    kind = type(problem).__name__
    server = server_of(problem)
    if server == "PostgreSQL":
        from psycopg import InterfaceError, OperationalError
        from psycopg.errors import InvalidSchemaName, UndefinedTable

        if isinstance(problem, InvalidSchemaName | UndefinedTable):
            return "the database has not been migrated; run `decisor up` or `decisor worker`, which migrate it"
        if not isinstance(problem, OperationalError | InterfaceError):
            return None
    return f"{server} failed: {kind}; `decisor doctor` examines the servers" if server in _ASKED_OFTEN else None


def safe_words(problem: BaseException) -> str:
    """One line about an error: its kind, with the server's name and code and the tables or columns that it names."""
    kind = type(problem).__name__
    server = server_of(problem)
    if server is None:
        about = type(problem) in _ABOUT_THE_PROGRAM and str(problem)
        return f"{kind}: {about}" if about else kind
    said = ", ".join(_codes(problem))
    return f"{server}: {kind} ({said})" if said else f"{server}: {kind}"


def safe_traceback(problem: BaseException) -> str:
    """The traceback as Python prints it, with `safe_words` in place of each error's text."""
    parts: list[str] = []
    for each, relation in _chain(problem):
        frames = StackSummary.from_list(extract_tb(each.__traceback__)).format()
        parts.append(f"{relation}Traceback (most recent call last):\n{''.join(frames)}{safe_words(each)}\n")
    return "\n".join(reversed(parts))


class SafeFormatter(logging.Formatter):
    """Log lines without values: only the level and place of another library's warning, only safe parts of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        report = {**vars(record), "exc_text": None}  # another formatter may have kept the error's text there
        if record.name.partition(".")[0] not in _OURS:
            said = f"{record.levelname.lower()} at {record.filename}:{record.lineno}; its words may hold values"
            report |= {"msg": said, "args": (), "exc_info": None, "stack_info": None}
        return super().format(logging.makeLogRecord(report))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """The traceback of an error, without its text."""
        return safe_traceback(ei[1]).rstrip("\n") if ei[1] is not None else ""


def hide_values_in_tracebacks() -> None:
    """Report errors that end a thread, or arise while an object is deleted, without values from now on.

    Hooks other than Python's own, such as a test runner's, stay in place.
    """

    def report(problem: BaseException | None, where: str) -> None:
        if problem is not None and not isinstance(problem, SystemExit) and sys.stderr is not None:
            sys.stderr.write(f"{where}:\n{safe_traceback(problem)}")

    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda found: report(found.exc_value, f"in thread {found.thread and found.thread.name}")
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda found: report(found.exc_value, "while something was deleted")
    logging.lastResort = logging.StreamHandler()
    logging.lastResort.setLevel(logging.WARNING)
    logging.lastResort.setFormatter(SafeFormatter("%(name)s: %(message)s"))


def _codes(problem: Any) -> Iterator[str]:
    """An error's code, and the names that come with it."""
    if sqlstate := getattr(problem, "sqlstate", None):
        yield str(sqlstate)
        found = (getattr(problem.diag, name, None) for name in _NAMES)
        yield from (f"`{each}`" for each in found if each)
    elif isinstance(status := getattr(problem, "status_code", None), int):
        yield f"HTTP {status}"
    elif server_of(problem) == "Redis" and (code := _CODE.match(str(problem))):
        yield code[0]


def _chain(problem: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The error and its causes, the newest first, each with the sentence that Python prints before it."""
    seen: set[int] = set()
    each: BaseException | None = problem
    while each is not None and id(each) not in seen and len(seen) < _LONGEST_CHAIN:
        seen.add(id(each))
        cause, context = each.__cause__, each.__context__
        if cause is not None:
            yield each, "The above exception was the direct cause of the following exception:\n\n"
        elif context is not None and not each.__suppress_context__:
            yield each, "During handling of the above exception, another exception occurred:\n\n"
        else:
            yield each, ""
            return
        each = cause or context
