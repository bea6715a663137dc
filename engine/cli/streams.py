"""Standard output and error: in UTF-8, and without a say in how a command ends when their reader goes away."""

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


# What our own colours and progress bar are written with, and whatever else steers a terminal or hides what it shows.
_STEERING: Final = re.compile(
    r"(\x1b\[[\d;]{0,8}[mK]|\r(?=\x1b\[K))"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


class _Terminal(TextIOWrapper):
    """Text on its way to a terminal: what a file's content would steer it with is written as JSON writes it.

    Commands take care of what they print by themselves, also where it goes into a file; this is for what they forget.
    """

    def write(self, text: str, /) -> int:
        """How many characters were taken."""
        super().write(_STEERING.sub(lambda found: found[1] or json.dumps(found[0])[1:-1], text))
        return len(text)


class _Outlet(FileIO):
    """A descriptor that takes everything: what its reader does not want any more is dropped.

    A command so runs to its end, and its exit code says what was found. A full disk is a CannotRunError, told once;
    nothing can be told about standard error itself.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.dropping = False

    def write(self, data: Any, /) -> Any:
        """How many bytes were taken."""
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
    """Make the process's standard streams such outlets; whatever else stands in their place is left as it is.

    A closed descriptor is opened on nothing first: the next file would get its number, and what is printed with it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
    sys.stdout = _opened(sys.stdout, 1)
    sys.stderr = _opened(sys.stderr, 2)


def is_unread() -> bool:
    """Whether whoever read standard output has gone."""
    outlet = _outlet_of(sys.stdout)
    return isinstance(outlet, _Outlet) and outlet.dropping


def while_read(items: Iterable[Item]) -> Iterator[Item]:
    """The items while standard output is read: for lists without end, whose length no exit code tells."""
    for item in items:
        if is_unread():
            return
        yield item


def _opened(stream: TextIO | None, descriptor: int) -> TextIO:
    """The stream over an outlet: UTF-8 whatever the locale, but on a terminal what it can show."""
    if stream is None:  # it was closed when the program began
        return TextIOWrapper(BufferedWriter(_Outlet(descriptor)), "utf-8")
    outlet = _outlet_of(stream)
    if not isinstance(stream, TextIOWrapper) or type(outlet) is not FileIO or outlet.fileno() != descriptor:
        return stream  # a test's, or an outlet already
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
    """What a text stream writes to in the end."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)
