"""The customers that a command is about: an argument, or a file, since every user of a machine sees arguments."""

from __future__ import annotations

import argparse
from typing import Final

from .command import CannotRunError

MOST: Final = 10_000  # customers of one command


def add_customer(parser: argparse.ArgumentParser, words: str, *, several: bool = False) -> None:
    """Add the argument that names a customer, and the option that names a file of ids instead."""
    parser.add_argument("customer", nargs="?", metavar="CUSTOMER", help=words)
    parser.add_argument(
        "--file",
        metavar="FILE",
        help=f"a file with {'the ids, one per line,' if several else 'the id'} instead (- is stdin), since"
        " process lists show"
        " arguments to every user",
    )


def customers_named(options: argparse.Namespace, most: int = MOST) -> list[str]:
    """The ids of the customers in canonical form, each once, in their order. Raises CannotRunError.

    A message about a file names the line, never its content.
    """
    if (options.customer is None) == (options.file is None):
        found_instead = "neither" if options.file is None else "both"
        raise CannotRunError(f"expected a customer's id, or --file FILE; found {found_instead}")
    if options.customer is not None:
        return [_normal(options.customer, "the customer's id")]
    place = "standard input" if options.file == "-" else f"`{options.file}`"
    found: dict[str, None] = {}
    for number, line in enumerate(_lines(options.file, place), start=1):
        if line:
            found[_normal(line, f"{place}, line {number}")] = None
    if not 1 <= len(found) <= most:
        expected = "one customer's id" if most == 1 else f"1 to {most:,} customers' ids, one a line"
        raise CannotRunError(f"{place}: expected {expected}; found {len(found):,}")
    return list(found)


def customer_named(options: argparse.Namespace) -> str:
    """The id of the one customer. Raises CannotRunError."""
    (found,) = customers_named(options, 1)
    return found


def _lines(file: str, place: str) -> list[str]:
    from ..ir.types import KEY_LIMIT
    from .facts import open_input

    most = MOST * (KEY_LIMIT + 2)
    with open_input(file) as stream:
        raw = stream.read(most + 1)
    if len(raw) > most:
        raise CannotRunError(f"{place}: expected at most {most:,} bytes, one id a line")
    try:
        return [line.removesuffix("\r") for line in raw.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as problem:
        number = raw.count(b"\n", 0, problem.start) + 1
        raise CannotRunError(f"{place}, line {number}: expected UTF-8") from None


def _normal(customer: str, place: str) -> str:
    """The id in canonical form. Raises CannotRunError for text that cannot be an id."""
    from ..ir.types import KEY_LIMIT, Field
    from ..operators.values import ValueRefusedError, canonical

    try:
        found: str = canonical(Field("key", "keyword"), customer)
    except ValueRefusedError as problem:
        raise CannotRunError(f"{place}: {problem}") from None
    if not 0 < len(found.encode()) <= KEY_LIMIT:
        raise CannotRunError(f"{place}: expected 1 to {KEY_LIMIT} bytes of UTF-8")
    return found
