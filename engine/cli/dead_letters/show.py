"""`decisor dead-letters show`: one of them, with its content for those who ask for it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..servers import Servers, add_servers
from .keys import vault_at_hand
from .list import line_of


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help="its number in `list`")
    parser.add_argument("--reveal", action="store_true", help="show its content too, which may be personal")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...profiles.dead_letters import dead_letter

    with Servers.of(options) as servers:
        found = dead_letter(servers.postgres, options.number, vault_at_hand(servers))
    if found is None:
        raise CannotRunError(f"{options.number} is the number of no dead letter; `decisor dead-letters list` has them")
    letter, payload = found
    if options.reveal and payload is None:
        raise CannotRunError(f"{options.number} is sealed, and its key is not at hand; name its key file")
    content = payload.decode("utf-8", "backslashreplace") if options.reveal and payload is not None else None
    if options.format == "json":
        revealed = {"payload": content} if options.reveal else {}
        print(json.dumps(asdict(letter) | {"opens": payload is not None} | revealed, ensure_ascii=False))
        return CLEAN
    print(line_of(letter))
    print(f"from {printable(letter.source)}" + ("" if payload is not None else ", sealed, and its key is not at hand"))
    if content is not None:
        print(printable(content))
    return CLEAN


COMMAND = Command(
    "Show what could not be taken in, one of them: the reason, where it came from and, when asked for, its content.",
    "decisor dead-letters show 17 --reveal",
    _configure,
    _run,
)
