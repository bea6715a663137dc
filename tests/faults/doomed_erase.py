"""A `decisor erase` that kills itself at POINT; the environment names the servers.

Called as `doomed_erase.py CUSTOMER POINT`. A point is the beginning or the end of a step: `begin:before`, `begin:after`
(committed and not published), `settle:after`, `<class of a place>:after` (its store has let go, and no later one has),
`end:before`, `end:after`.
"""

from __future__ import annotations

import sys

from engine.cli.app import main as decisor
from engine.erasure import erasure, index_places, redis_places, stream_places
from tests.faults.doom import Steps, doom

STEPS: Steps = {
    "begin": (erasure.Erasure, "_begin"),
    "settle": (erasure.Erasure, "_publish"),
    "EventQueue": (stream_places.EventQueue, "erase"),
    "TransitionStreams": (stream_places.TransitionStreams, "erase"),
    "Memberships": (redis_places.Memberships, "erase"),
    "Keys": (redis_places.Keys, "erase"),
    "Due": (redis_places.Due, "erase"),
    "Indices": (index_places.Indices, "erase"),
    "end": (erasure.Erasure, "_end"),
}


if __name__ == "__main__":
    doom(STEPS, sys.argv[2])
    sys.exit(decisor(["erase", sys.argv[1], "--yes"]))
