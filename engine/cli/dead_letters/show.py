"""`decisor dead-letters show`: prints one dead letter, with its content on request."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..servers import Servers, add_servers
from .keys import vault_at_hand
from .list import HEADING, line_of


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help="its number in `list`")
    parser.add_argument("--reveal", action="store_true", help="also show its content, which may be personal")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...profiles.dead_letters import dead_letter

    with Servers.of(options) as servers:
        found = dead_letter(servers.postgres, options.number, vault_at_hand(servers))
    if found is None:
        raise CannotRunError(f"there is no dead letter {options.number}; `decisor dead-letters list` lists them")
    letter, payload = found
    if options.reveal and payload is None:
        raise CannotRunError(f"{options.number} is sealed, and its key is not available; name its key file")
    content = payload.decode("utf-8", "backslashreplace") if options.reveal and payload is not None else None
    if options.format == "json":
        revealed = {"payload": content} if options.reveal else {}
        print(json.dumps(asdict(letter) | {"opens": payload is not None} | revealed, ensure_ascii=False))
        return CLEAN
    print(HEADING)
    print(line_of(letter))
    print(
        f"from {printable(letter.source)}" + ("" if payload is not None else ", sealed, and its key is not available")
    )
    if content is not None:
        print(printable(content))
    return CLEAN


COMMAND = Command(
    "Show one event that could not be processed: the reason, its source and, on request, its content.",
    "decisor dead-letters show 17 --reveal",
    _configure,
    _run,
)
