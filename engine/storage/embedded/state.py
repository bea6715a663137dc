"""The record of what `decisor up` has started for a workspace: a file in the workspace's `.decisor` folder.

The record decides which processes are ended and which folders removed, and a clone can bring one. So it carries a mark.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from .account import ServerUnavailableError
from .folders import open_folder, read_within, replace_file
from .marks import agree, codes
from .process import is_running

FOLDER: Final = ".decisor"
FILE: Final = "servers.json"
DRAFT: Final = "servers.draft"
MOST_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started: its URL, its process, the folder of its data, and the folder of its socket alone.

    `stopped` marks one that `decisor down` has ended; its record stays, so that it starts in the same place again.
    """

    url: str
    pid: int
    started: str
    data: str
    sockets: str = ""
    stopped: bool = False


def recorded_servers(root: Path) -> dict[str, Server]:
    """The servers that were started and not stopped, by name, whether they still run or not."""
    return {name: server for name, server in remembered_servers(root).items() if not server.stopped}


def remembered_servers(root: Path) -> dict[str, Server]:
    """The servers that were ever started and not forgotten, by name; none if the file is damaged or not ours."""
    try:
        with open_folder(root / FOLDER) as folder:
            said = json.loads(read_within(folder, FILE, MOST_BYTES) or b"")
            if not agree(said["mark"], codes(root / FOLDER, folder, _content(said["servers"]))):
                return {}
        return {str(name): Server(**fields) for name, fields in said["servers"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, ServerUnavailableError):
        return {}


def is_foreign(root: Path) -> bool:
    """Whether there is a record that we have not written."""
    return os.path.lexists(root / FOLDER / FILE) and not remembered_servers(root)


def running_servers(root: Path) -> dict[str, Server]:
    """The workspace's servers that are running now."""
    return {name: server for name, server in recorded_servers(root).items() if is_running(server.pid, server.started)}


def record(root: Path, servers: Mapping[str, Server]) -> None:
    """Write the record; readers see the old file or the new one. Without servers the file is removed."""
    with open_folder(root / FOLDER) as folder:
        if not servers:
            with suppress(FileNotFoundError):
                os.unlink(FILE, dir_fd=folder)
            return
        known = {name: asdict(server) for name, server in servers.items()}
        codes_of_it = codes(root / FOLDER, folder, _content(known), make=True)
        replace_file(folder, DRAFT, json.dumps({"mark": codes_of_it, "servers": known}, indent=1).encode())
        os.rename(DRAFT, FILE, src_dir_fd=folder, dst_dir_fd=folder)


def _content(servers: Any) -> bytes:
    """The content that the mark of a record covers."""
    return b"record " + json.dumps(servers, sort_keys=True).encode()
