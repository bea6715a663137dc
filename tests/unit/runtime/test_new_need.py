"""A kind of need that the engine has never seen is one class and its port: it runs in every driver, and replays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from engine.runtime.drivers import Steps, drive, drive_async, drive_batch, replay
from engine.runtime.needs import Got, Need
from engine.runtime.ports import Ports
from engine.runtime.record import Log

NOW = "2026-03-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Temperature(Need):
    """How warm it is in a city: the value is a number of degrees Celsius."""

    kind = "temperature"

    city: str
    timeout: int = 1_000

    @property
    def name(self) -> str:
        return self.city

    def fallback_value(self) -> float:
        return 20.0

    def accept(self, got: Got) -> Got | None:
        return got if type(got.value) is float and got.value >= -273.15 else None


class Stations:
    """The port: knows some cities."""

    def __init__(self, *, blocks: bool = False, **degrees: Any) -> None:
        self.blocks = blocks
        self.degrees = degrees

    def answer(self, needs: Sequence[Temperature], deadline: float) -> list[Got]:  # noqa: ARG002 - the port's signature
        return [Got(self.degrees[need.city], "ok", "station 7") for need in needs]


def advice(city: str) -> Steps[tuple[str, list[dict[str, Any]]]]:
    """What to wear and the tape, as the function of a ruleset would ask for it."""
    log = Log("d-1", NOW, None, {})
    need = Temperature(city)
    asked = log.unanswered_needs((need,))
    log.store_answers(asked, (yield asked))
    return ("coat" if log.take("look", need).value < 10 else "shirt"), log.tape


def entry(value: float, status: str = "ok", version: str = "station 7") -> dict[str, Any]:
    told = {"node": "look", "kind": "temperature", "name": "oslo"}
    return {**told, "value": value, "status": status, "version": version}


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize(
    "ports, expected",
    [
        ({"oslo": -5.0}, ("coat", [entry(-5.0)])),
        ({"oslo": "cold"}, ("shirt", [entry(20.0, "error", "")])),
        ({"oslo": -300.0}, ("shirt", [entry(20.0, "error", "")])),
        ({}, ("shirt", [entry(20.0, "error", "")])),
        (None, ("shirt", [entry(20.0, "unavailable", "")])),
    ],
)
def test_a_new_need_is_answered_accepted_and_replayed_in_every_driver(
    ports: dict[str, Any] | None, expected: Any, *, blocks: bool
) -> None:
    outside = Ports() if ports is None else Ports({Temperature: Stations(blocks=blocks, **ports)})
    assert drive(advice("oslo"), outside) == expected
    assert list(drive_batch([advice("oslo"), advice("oslo")], outside)) == [expected, expected]
    assert asyncio.run(drive_async(advice("oslo"), outside)) == expected
    assert replay(advice("oslo"), expected[1]) == expected


def test_a_need_must_say_what_it_falls_back_to_and_what_it_accepts() -> None:
    class Hasty(Need):
        kind = "hasty"

    with pytest.raises(TypeError, match="abstract"):
        Hasty()  # type: ignore[abstract] # the point
