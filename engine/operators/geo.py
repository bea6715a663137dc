"""Points on the earth: `within_distance`."""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar, Final

from ..ir.predicate import Circle, CoreName, Leaf, Predicate
from ..ir.types import FieldType
from .core import CoreOperator, Query, SqlPlace, Unsupported, unsupported
from .surface import Operand, Operator, Refused
from .values import ValueRefusedError, canonical, kind_of

EARTH_RADIUS: Final = 6_371_008.7714  # metres, as the index has it
FARTHEST: Final = 20_100_000.0  # metres; more than half way round
METRES: Final = {"m": 1.0, "km": 1_000.0, "mi": 1_609.344}

_LAT_CELL = 180.0 / 2**32
_LON_CELL = 360.0 / 2**32
_DISTANCE = re.compile(r"(\d{1,8}(?:\.\d{1,6})?) ?(m|km|mi)", re.ASCII)


def circle(leaf: Leaf) -> Circle:
    """The leaf's circle."""
    if not isinstance(leaf.value, Circle):
        raise TypeError(f"{leaf.op} on {leaf.field} has no circle")
    return leaf.value


def on_grid(lat: float, lon: float) -> tuple[float, float]:
    """The point moved to the south-west corner of its cell, 1 cm away at most: 2^32 cells each way, as in the index."""
    return _cell(lat, 90.0) * _LAT_CELL, _cell(lon, 180.0) * _LON_CELL


def _cell(degrees: float, largest: float) -> int:
    inside = math.nextafter(largest, 0.0) if degrees == largest else degrees
    return math.floor(inside / (largest / 2**31))


def distance(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two points, both on the grid, on a sphere of the earth's mean radius.

    The haversine with `1 - cos` in place of the squared sine, which loses the same digits as the index does.
    """
    lat, lon = on_grid(lat, lon)
    other_lat, other_lon = on_grid(other_lat, other_lon)
    first, second = math.radians(lat), math.radians(other_lat)
    width = 1 - math.cos(math.radians(lon - other_lon))
    part = (1 - math.cos(first - second)) + math.cos(first) * math.cos(second) * width
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(part * 0.5)))


class WithinDistance(CoreOperator):
    """The point is at most so many metres from the centre."""

    name: ClassVar[CoreName] = "within_distance"
    types: ClassVar[tuple[FieldType, ...]] = ("geo_point",)

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the point lies in the circle, its rim included."""
        own = circle(leaf)
        return distance(own.lat, own.lon, value["lat"], value["lon"]) <= own.metres

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`geo_distance` in metres."""
        own = circle(leaf)
        return {"geo_distance": {"distance": f"{own.metres!r}m", field: {"lat": own.lat, "lon": own.lon}}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str | Unsupported:  # noqa: ARG002 - one signature for all
        """No cell: a sum of sines differs in its last digits between databases."""
        return unsupported("distances differ in their last digits between databases")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`is within 5 km of 52.52, 13.405`."""
        own = circle(leaf)
        length = f"{own.metres / 1000:,.10g} km" if own.metres >= 1000 else f"{own.metres:,.10g} m"
        return f"{'is' if positive else 'is not'} within {length} of {own.lat!r}, {own.lon!r}"


def _metres(operand: Operand, value: Any) -> float | Refused:
    expected = "expected a length, as 500m, 5km or 3mi"
    at = ("value", "distance")
    if not isinstance(value, str):
        return Refused(f"`distance` of `{operand.path}`: {expected}, found {kind_of(value)}", (), at)
    found = _DISTANCE.fullmatch(value)
    if found is None:
        return Refused(f"`distance` of `{operand.path}`: {expected}", (), at)
    metres = float(found[1]) * METRES[found[2]]
    if not 0 < metres <= FARTHEST:
        return Refused(f"`distance` of `{operand.path}` is {value}, expected more than 0 and at most 20,100km", (), at)
    return metres


def _within_distance(operand: Operand, value: Any) -> Predicate | Refused:
    form = ("write it as {lat: 52.52, lon: 13.405, distance: 5km}",)
    if not isinstance(value, dict):
        return Refused(f"`value` of `{operand.path}`: expected a point and a distance, found {kind_of(value)}", form)
    if set(value) != {"lat", "lon", "distance"}:
        found = ", ".join(f"`{str(key)[:40]}`" for key in value) or "none"
        return Refused(f"`value` of `{operand.path}` has the keys {found}, expected `lat`, `lon`, `distance`", form)
    try:
        point = canonical(operand.field, {"lat": value["lat"], "lon": value["lon"]})
    except ValueRefusedError as problem:
        return Refused(f"`value` of `{operand.path}`: {problem}", form)
    metres = _metres(operand, value["distance"])
    if isinstance(metres, Refused):
        return metres
    return operand.leaf("within_distance", Circle(point["lat"], point["lon"], metres))


CORE = (WithinDistance(),)
SURFACE = (
    Operator(
        name="within_distance",
        family="geo",
        applies={"geo_point": "both"},
        value_schema={
            "type": "object",
            "properties": {
                "lat": {"type": "number", "minimum": -90, "maximum": 90},
                "lon": {"type": "number", "minimum": -180, "maximum": 180},
                "distance": {"type": "string", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,6})? ?(m|km|mi)$"},
            },
            "required": ["lat", "lon", "distance"],
            "additionalProperties": False,
        },
        summary="The point is at most that far from another, along the earth's surface",
        missing="does not hold",
        example="{field: home, operator: within_distance, value: {lat: 52.52, lon: 13.405, distance: 5km}}",
        lowering=_within_distance,
    ),
)
