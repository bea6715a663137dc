"""A rebuild that kills itself at the COUNT-th pass of POINT.

Called as `doomed_rebuild.py POSTGRES_URL REDIS_URL NOW_MS POINT COUNT`. `active` is to mean what `quiet` means, `local`
what `elsewhere` means, and `tagged` is to end. A point is the beginning or the end of a step: `begin`, `take`, `copy`,
`close`, `catch_up`, `rename` (in Redis), `commit` (all written and not committed), `run`, `move` (committed and not
published).
"""

from __future__ import annotations

import sys

from engine.encryption.vault import OpenVault
from engine.rebuilds import mover, population, rebuild, staging, switching
from engine.segments.registry import read_registry
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis
from tests.faults.doom import Steps, doom

STEPS: Steps = {
    "begin": (rebuild.Rebuild, "_begin"),
    "take": (staging.Stage, "take"),
    "copy": (staging.Stage, "_copy"),
    "close": (staging.Stage, "close"),
    "catch_up": (switching.Switch, "_catch_up"),
    "rename": (switching, "switch_whole"),
    "commit": (switching.Switch, "_commit"),
    "run": (switching.Switch, "run"),
    "move": (mover.Mover, "move"),
}


def main() -> None:
    """Rebuild until the end comes."""
    postgres, redis_url, now_ms, point, count = sys.argv[1:]
    doom(STEPS, point, int(count))
    mover.CHUNK = mover.LARGE_CHUNK = staging.COPY_ROWS = 4  # so that there are many passes to die in
    population.PAGE = 7
    redis = connect_redis(redis_url)
    with connect_postgres(postgres, autocommit=True, application="decisor rebuild") as connection:
        active = read_registry(connection, OpenVault()).active
        wish = rebuild.Wish({"active": active["quiet"], "local": active["elsewhere"]}, ["tagged"])
        rebuild.Rebuild(connection, redis, OpenVault(), lambda: int(now_ms)).run(wish)
        mover.move_all(connection, redis, OpenVault())


if __name__ == "__main__":
    main()
