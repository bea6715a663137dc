"""What `decisor up` has started for a workspace: a file in the workspace's `.decisor` folder.

It says which processes end and which folders go, and whoever fills the workspace can write one. So it carries a mark.
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
from .folders import opened, read_within, write_anew
from .marks import agree, codes
from .process import is_running

FOLDER: Final = ".decisor"
FILE: Final = "servers.json"
DRAFT: Final = "servers.draft"
MOST_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started: its URL, its process, the folder that holds its data, and that of its socket alone.

    `stopped` is one that `decisor down` has ended; where it was is kept, so that it is started there again.
    """

    url: str
    pid: int
    started: str
    data: str
    sockets: str = ""
    stopped: bool = False


def recorded(root: Path) -> dict[str, Server]:
    """What was started and not stopped, by name, whether it still runs or not."""
    return {name: server for name, server in remembered(root).items() if not server.stopped}


def remembered(root: Path) -> dict[str, Server]:
    """What was ever started and not forgotten, by name; a file that is damaged, or is not ours, says nothing."""
    try:
        with opened(root / FOLDER) as folder:
            said = json.loads(read_within(folder, FILE, MOST_BYTES) or b"")
            if not agree(said["mark"], codes(root / FOLDER, folder, _content(said["servers"]))):
                return {}
        return {str(name): Server(**fields) for name, fields in said["servers"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, ServerUnavailableError):
        return {}


def is_strange(root: Path) -> bool:
    """Whether there is a record, but none that we have written."""
    return os.path.lexists(root / FOLDER / FILE) and not remembered(root)


def running(root: Path) -> dict[str, Server]:
    """The servers of the workspace that run now."""
    return {name: server for name, server in recorded(root).items() if is_running(server.pid, server.started)}


def record(root: Path, servers: Mapping[str, Server]) -> None:
    """Write what is known; readers see the old file or the new one. Without servers the file goes."""
    with opened(root / FOLDER) as folder:
        if not servers:
            with suppress(FileNotFoundError):
                os.unlink(FILE, dir_fd=folder)
            return
        known = {name: asdict(server) for name, server in servers.items()}
        codes_of_it = codes(root / FOLDER, folder, _content(known), make=True)
        write_anew(folder, DRAFT, json.dumps({"mark": codes_of_it, "servers": known}, indent=1).encode())
        os.rename(DRAFT, FILE, src_dir_fd=folder, dst_dir_fd=folder)


def _content(servers: Any) -> bytes:
    """What the mark of a record is made over."""
    return b"record " + json.dumps(servers, sort_keys=True).encode()
