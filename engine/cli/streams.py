"""Standard output and error: in UTF-8, and without effect on the exit code when the reader goes away."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any, Final, TextIO, TypeVar

from .command import CannotRunError

Item = TypeVar("Item")

_OUT: Final = 1


# The escape sequences of our own colours and progress bar, and all other characters that steer a terminal or hide text.
_STEERING: Final = re.compile(
    r"(\x1b\[[\d;]{0,8}[mK]|\r(?=\x1b\[K))"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


class _Terminal(TextIOWrapper):
    """Text written to a terminal: control characters from a file's content are escaped as in JSON.

    Commands escape what they print themselves, also when it goes to a file; this catches what they forget.
    """

    def write(self, text: str, /) -> int:
        """The number of characters written."""
        super().write(_STEERING.sub(lambda found: found[1] or json.dumps(found[0])[1:-1], text))
        return len(text)


class _Outlet(FileIO):
    """A descriptor that accepts everything: output is dropped once its reader has gone.

    So a command runs to its end, and its exit code tells the result. A full disk raises CannotRunError once; a failure
    of standard error itself cannot be reported.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.dropping = False

    def write(self, data: Any, /) -> Any:
        """The number of bytes written or dropped."""
        if self.dropping:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as problem:
            self.dropping = True
            if self.fileno() == _OUT and problem.errno != errno.EPIPE:
                reason = (problem.strerror or "the system refuses").lower()
                raise CannotRunError(f"standard output cannot be written: {reason}") from None
            return memoryview(data).nbytes


def open_streams() -> None:
    """Replace the process's standard streams with outlets; streams of another kind are left alone.

    A closed descriptor is first opened on the null device. Otherwise the next file to be opened would get its number,
    and receive what is printed.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
    sys.stdout = _open_stream(sys.stdout, 1)
    sys.stderr = _open_stream(sys.stderr, 2)


def is_unread() -> bool:
    """Whether the reader of standard output has gone."""
    outlet = _outlet_of(sys.stdout)
    return isinstance(outlet, _Outlet) and outlet.dropping


def while_read(items: Iterable[Item]) -> Iterator[Item]:
    """The items, until the reader of standard output goes away; for long lists whose exit code does not matter."""
    for item in items:
        if is_unread():
            return
        yield item


def _open_stream(stream: TextIO | None, descriptor: int) -> TextIO:
    """The stream over an outlet: UTF-8 whatever the locale, except on a terminal, which keeps its own encoding."""
    if stream is None:  # it was closed when the program began
        return TextIOWrapper(BufferedWriter(_Outlet(descriptor)), "utf-8")
    outlet = _outlet_of(stream)
    if not isinstance(stream, TextIOWrapper) or type(outlet) is not FileIO or outlet.fileno() != descriptor:
        return stream  # a stream of a test, or already an outlet
    stream.flush()
    shown = stream.isatty()
    encoding, errors = ("utf-8", "strict") if descriptor == _OUT and not shown else (stream.encoding, stream.errors)
    return (_Terminal if shown else TextIOWrapper)(
        BufferedWriter(_Outlet(descriptor)),
        encoding,
        "replace" if shown and descriptor == _OUT else errors,
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _outlet_of(stream: Any) -> Any:
    """The raw stream beneath a text stream."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)
