"""`decisor keys status`: shows which keys exist and what still uses them, never a key itself."""

from __future__ import annotations

import argparse
import json

from ..command import CLEAN, FINDINGS, Command
from ..servers import Servers, add_servers
from .opening import catalogue_of, keys_of_the_environment, refusals


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...rotation.status import status_of

    keyring = keys_of_the_environment()
    with Servers.of(options) as servers, refusals():
        catalogue_of(servers)
        found = status_of(servers.postgres, keyring)
    if options.format == "json":
        print(json.dumps([{name: getattr(each, name) for name in each.__slots__} for each in found]))
    else:
        width = max(len(each.id) for each in found)
        for each in found:
            print(f"{each.kind:<6}  {each.id:<{width}}  {each.state:<8}  {each.rest_text()}")
    return FINDINGS if any(each.state == "missing" for each in found) else CLEAN


COMMAND = Command(
    "Show which keys exist, their states, and how much still needs each; never a key itself.",
    "decisor keys status",
    _configure,
    _run,
)
