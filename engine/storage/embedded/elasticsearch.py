"""Elastic's own zip: fetched once by Maven, unpacked into a cache, started with an installed JDK."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

from .account import Account, ServerUnavailableError, account_of
from .archive import sha256_of, unpack
from .folders import open_folder, read_plain, replace_file, unlink_within
from .launching import launch
from .places import cache_folder

VERSION: Final = "9.5.3"
ARTIFACT: Final = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
SHA256: Final = "bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d"
COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
OLDEST_JDK: Final = 21
JDK_FOLDERS: Final = ("usr/lib/jvm/*", "opt/java/*", "Library/Java/JavaVirtualMachines/*/Contents/Home")
LOOPBACK: Final = "127.0.0.1"
ANY_PORT: Final = "0"
SETTINGS: Final = {
    "cluster.name": "decisor",
    "node.name": "decisor",
    "node.portsfile": "true",
    "discovery.type": "single-node",
    "network.host": LOOPBACK,
    "http.port": ANY_PORT,
    "transport.port": ANY_PORT,
    "xpack.security.enabled": "false",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
}
LOGGING: Final = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def jdk_home() -> Path:
    """The home of a full JDK that the server accepts: the environment's, otherwise the newest one installed."""
    named = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    installed = [folder for pattern in JDK_FOLDERS for folder in Path("/").glob(pattern)]
    for home in [*named, *sorted(installed, key=_jdk_version, reverse=True)]:
        if _jdk_version(home) >= OLDEST_JDK:
            return home
    raise ServerUnavailableError(
        f"Elasticsearch {VERSION} needs a full JDK {OLDEST_JDK} or newer, and none was found: install one, such as "
        "Temurin's package temurin-25-jdk, or name its folder in ES_JAVA_HOME"
    )


def _jdk_version(home: Path) -> int:
    """The feature release of the JDK in a folder; 0 where there is none, or only a JRE."""
    release = home / "release"
    if not release.is_file() or not (home / "bin" / "java").is_file():
        return 0
    text = release.read_text(encoding="utf-8")
    version = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    # The server refuses a runtime without the debugger interface, and Debian's JREs lack it.
    return int(version[1]) if version and re.search(r"\bjdk\.jdi\b", text) else 0


@contextmanager
def _hold_lock(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def distribution() -> Path:
    """The folder of the unpacked server, fetched by Maven when the cache does not have it yet."""
    folder = cache_folder() / f"elasticsearch-{VERSION}"
    with _hold_lock(cache_folder() / "unpack.lock"):
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    from tempfile import TemporaryDirectory

    if shutil.which("mvn") is None:
        raise ServerUnavailableError("Maven, which fetches Elasticsearch, was not found: install it (Debian: `maven`)")
    with TemporaryDirectory(dir=folder.parent) as scratch:
        out = Path(scratch) / "out"
        command = ["mvn", "-q", "-B", COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={out}"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        zips = list(out.glob("*.zip")) if done.returncode == 0 else []
        if not zips:
            raise ServerUnavailableError(f"Maven could not fetch {ARTIFACT}:\n{done.stdout}{done.stderr}")
        if (found := sha256_of(zips[0])) != SHA256:
            raise ServerUnavailableError(
                f"{ARTIFACT} has the SHA-256 {found}, expected {SHA256}: it was damaged or replaced in transit. "
                f"Delete it from Maven's local repository ({ARTIFACT.split(':')[0].replace('.', '/')}) and try again"
            )
        unpack(zips[0], Path(scratch) / "unpacked")
        (Path(scratch) / "unpacked" / folder.name).rename(folder)


def port_again(url: str | None) -> dict[str, str]:
    """The settings that make a server take the URL's port, or any other if that one is not free."""
    port = url.rpartition(":")[2] if url else ""
    return {"http.port": f"{port},{ANY_PORT}"} if port.isdecimal() else {}


@dataclass(frozen=True, slots=True)
class ElasticsearchFolder:
    """The folder of one server, with its configuration, data and logs; `settings` override the usual ones.

    `java` holds options of the virtual machine other than its heap size.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    java: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / "server" / "log"

    def part(self, name: str) -> Path:
        """One of the server's own folders: config, data, logs, tmp."""
        return self.folder / "server" / name

    def lay_out(self, home: Path, heap: str, account: Account | None = None) -> None:
        """Write the configuration again; the data stays as it is.

        The account owns the folders that it writes to. Their parent is ours, so the account cannot redirect our own
        writes.
        """
        owner = None if account is None else (account.user, account.group)
        for name in ("", "config", "config/jvm.options.d", "data", "logs", "tmp"):
            folder = self.folder / "server" / name
            folder.mkdir(exist_ok=True)
            with open_folder(folder, () if owner is None else owner[:1]) as descriptor:
                for file, content in self._files(name, home, heap):
                    replace_file(descriptor, file, content, 0o644, owner)
                if name == "logs":
                    unlink_within(folder, "http.ports")
                if owner is not None and name:
                    os.fchown(descriptor, *owner)
                elif owner is not None:
                    os.fchmod(descriptor, 0o711)

    def _files(self, folder: str, home: Path, heap: str) -> Iterator[tuple[str, bytes]]:
        """The names and contents of the files to write into a subfolder of the server's."""
        if folder == "config":
            settings = {
                **SETTINGS,
                "path.data": str(self.part("data")),
                "path.logs": str(self.part("logs")),
                **self.settings,
            }
            yield "elasticsearch.yml", json.dumps(settings).encode()  # JSON is YAML
            yield "log4j2.properties", LOGGING.encode()
            yield "jvm.options", (home / "config" / "jvm.options").read_bytes()
        elif folder == "config/jvm.options.d":
            options = (f"-Xms{heap}", f"-Xmx{heap}", *self.java)
            yield "small.options", "".join(f"{option}\n" for option in options).encode()

    def start(self, home: Path, jdk: Path, *, heap: str = "512m", ends_with_us: str | None = None) -> Popen[bytes]:
        """Launch the server as the leader of its own process group; it does not answer yet."""
        account = account_of()
        self.lay_out(home, heap, account)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder / "server"),
            "ES_JAVA_HOME": str(jdk),
            "ES_PATH_CONF": str(self.part("config")),
            "ES_TMPDIR": str(self.part("tmp")),
        }
        command = [str(home / "bin" / "elasticsearch")]
        return launch(command, self.log, account=account, environment=environment, ends_with_us=ends_with_us)

    def bound_addresses(self) -> list[str]:
        """The addresses, as HOST:PORT, that the server has bound so far."""
        found = read_plain(self.part("logs") / "http.ports", 4_096) or b""
        return found.decode("ascii", "replace").split()

    def url(self) -> str | None:
        """The server's URL, once it has bound its port and its cluster is ready."""
        return next((f"http://{address}" for address in self.bound_addresses() if _ready(address)), None)


def _ready(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    client = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        client.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        return client.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False  # bound, but not ready to talk yet
    finally:
        client.close()
