"""What `decisor up` has started for a workspace: a file in the workspace's `.decisor` folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .process import is_running

FOLDER: Final = ".decisor"
FILE: Final = "servers.json"


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
    """What was ever started and not forgotten, by name; a damaged file says nothing."""
    try:
        said = json.loads((root / FOLDER / FILE).read_bytes())
        return {str(name): Server(**fields) for name, fields in said.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def running(root: Path) -> dict[str, Server]:
    """The servers of the workspace that run now."""
    return {name: server for name, server in recorded(root).items() if is_running(server.pid, server.started)}


def record(root: Path, servers: Mapping[str, Server]) -> None:
    """Write what is known; readers see the old file or the new one. Without servers the file goes."""
    file = root / FOLDER / FILE
    if not servers:
        file.unlink(missing_ok=True)
        return
    draft = file.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:  # noqa: PTH123 - `Path.open` takes no mode for a new file
        json.dump({name: asdict(server) for name, server in servers.items()}, stream, indent=1)
    draft.replace(file)
