"""A rebuild that kills itself at the COUNT-th pass of POINT.

Called as `doomed_rebuild.py POSTGRES_URL REDIS_URL NOW_MS POINT COUNT`. `active` is to mean what `quiet` means, `local`
what `elsewhere` means, and `tagged` is to end. A point is the beginning or the end of a step: `begin`, `take`, `copy`,
`close`, `catch_up`, `rename` (in Redis), `commit` (all written and not committed), `run`, `move` (committed and not
published).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from engine.profiles.vault import OpenVault
from engine.segments.rebuild import mover, population, run, staging, switching
from engine.segments.registry import read_registry
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis

STEPS: dict[str, tuple[Any, str]] = {
    "begin": (run.Rebuild, "_begin"),
    "take": (staging.Stage, "take"),
    "copy": (staging.Stage, "_copy"),
    "close": (staging.Stage, "close"),
    "catch_up": (switching.Switch, "_catch_up"),
    "rename": (switching, "switch"),
    "commit": (switching.Switch, "_commit"),
    "run": (switching.Switch, "run"),
    "move": (mover.Mover, "move"),
}


def doom(point: str, count: int) -> None:
    """Let the process be killed at that pass of the point."""
    step, side = point.split(":")
    owner, name = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)
    left = count

    def doomed(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = original(*arguments, **options)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, doomed)


def main() -> None:
    """Rebuild until the end comes."""
    postgres, redis_url, now_ms, point, count = sys.argv[1:]
    doom(point, int(count))
    mover.CHUNK = mover.LARGE_CHUNK = staging.COPY_ROWS = 4  # so that there are many passes to die in
    population.PAGE = 7
    redis = connect_redis(redis_url)
    with connect_postgres(postgres, autocommit=True, application="decisor rebuild") as connection:
        active = read_registry(connection, OpenVault()).active
        wish = run.Wish({"active": active["quiet"], "local": active["elsewhere"]}, ["tagged"])
        run.Rebuild(connection, redis, OpenVault(), lambda: int(now_ms)).run(wish)
        mover.move_all(connection, redis, OpenVault())


if __name__ == "__main__":
    main()
