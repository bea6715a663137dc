"""The process that owns a test run's Elasticsearch: starts it, reports its URL, stops it when its last user has left.

Called as `keeper.py RUN_FOLDER SERVER_HOME JDK_HOME`. Writes `report.json` into the run's folder: `{"url": …}` once the
server answers, `{"error": …}` if it does not. Removes the folder at the end.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

START_SECONDS: Final = 150.0
STOP_SECONDS: Final = 30.0
LOG_TAIL: Final = 8_000
LOOPBACK: Final = "127.0.0.1"

SETTINGS: Final = {
    "cluster.name": "decisor-tests",
    "node.name": "tests",
    "node.portsfile": "true",
    "discovery.type": "single-node",
    "network.host": LOOPBACK,
    "http.port": "0",
    "transport.port": "0",
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


def lay_out(run: Path, home: Path) -> dict[str, Path]:
    """The server's own folders below the run's folder, with its configuration written."""
    folders = {name: run / "server" / name for name in ("config", "data", "logs", "tmp")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    config = folders["config"]
    settings = {**SETTINGS, "path.data": str(folders["data"]), "path.logs": str(folders["logs"])}
    (config / "elasticsearch.yml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    (config / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
    shutil.copyfile(home / "config" / "jvm.options", config / "jvm.options")
    (config / "jvm.options.d").mkdir()
    (config / "jvm.options.d" / "small.options").write_text("-Xms512m\n-Xmx512m\n", encoding="utf-8")
    return folders


def account(run: Path) -> int | None:
    """The account for the server: `nobody` in place of root, whom it refuses; none to stay who we are."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    for path in [run / "server", *(run / "server").rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return nobody.pw_uid


def start(run: Path, home: Path, jdk: Path) -> subprocess.Popen[bytes]:
    """The launched server; what it prints goes to `server.log` in the run's folder."""
    folders = lay_out(run, home)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": str(run / "server"),
        "ES_JAVA_HOME": str(jdk),
        "ES_PATH_CONF": str(folders["config"]),
        "ES_TMPDIR": str(folders["tmp"]),
    }
    who = account(run)
    with (run / "server.log").open("wb") as log:
        return subprocess.Popen(
            [str(home / "bin" / "elasticsearch")],
            cwd=run / "server",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=who,
            group=None if who is None else pwd.getpwuid(who).pw_gid,
            extra_groups=None if who is None else [],
        )


def url_of(run: Path) -> str | None:
    """The server's URL, once it has bound its port and its cluster is ready."""
    ports = run / "server" / "logs" / "http.ports"
    bound = ports.read_text(encoding="utf-8").split() if ports.exists() else []
    for address in bound:
        host, port = address.rsplit(":", 1)
        client = http.client.HTTPConnection(host, int(port), timeout=5)
        try:
            client.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
            if client.getresponse().status == http.HTTPStatus.OK:
                return f"http://{address}"
        except (OSError, http.client.HTTPException):
            return None  # bound, but not ready to talk yet
        finally:
            client.close()
    return None


def report(run: Path, said: dict[str, str]) -> None:
    """Nothing; the report appears whole or not at all."""
    draft = run / "report.draft"
    draft.write_text(json.dumps(said), encoding="utf-8")
    draft.rename(run / "report.json")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Nothing; the server that we started has ended when it returns."""
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def keep(run: Path, home: Path, jdk: Path) -> None:
    """Nothing; returns after the last user has left and the server has ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server = start(run, home, jdk)
    try:
        deadline = time.monotonic() + START_SECONDS
        while (url := url_of(run)) is None:
            if server.poll() is not None or time.monotonic() > deadline:
                report(run, {"error": (run / "server.log").read_text(encoding="utf-8")[-LOG_TAIL:]})
                break
            time.sleep(0.1)
        else:
            report(run, {"url": url})
        with (run / "users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            shutil.rmtree(run)
    finally:
        stop(server)
        shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    keep(*(Path(argument) for argument in sys.argv[1:4]))
