"""IR classes are frozen dataclasses, though most of what `@dataclass` would write into each is written once."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from engine.ir.frozen import Frozen, frozen


@frozen
class Point(Frozen):
    """A point for the tests."""

    x: int
    y: int = 0
    label: str | None = None


@frozen
class Mark(Frozen):
    """Something else with the same fields."""

    x: int
    y: int = 0
    label: str | None = None


@frozen
class Origin(Frozen):
    """A class without fields."""


def test_members_are_set_by_place_by_name_and_by_default() -> None:
    assert (Point(1).x, Point(1).y, Point(1).label) == (1, 0, None)
    assert Point(1, label="a", y=2) == Point(1, 2, "a")
    assert Origin() == Origin()


def test_members_that_are_missing_or_unknown_are_refused() -> None:
    wrong: list[tuple[Any, dict[str, Any]]] = [((), {}), ((1,), {"z": 2}), ((1, 2, "a", 3), {})]
    for arguments, named in wrong:
        with pytest.raises(TypeError):
            Point(*arguments, **named)


def test_nothing_can_be_changed_deleted_or_added() -> None:
    point = Point(1)
    for name in ("x", "z"):
        with pytest.raises(FrozenInstanceError):
            setattr(point, name, 2)
        with pytest.raises(FrozenInstanceError):
            delattr(point, name)
    assert point == Point(1)
    assert not hasattr(point, "__dict__")


def test_equality_and_hash_are_by_class_and_members() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert Point(1) != Mark(1)
    assert len({Point(1), Point(1, 0), Mark(1)}) == 2


def test_the_standard_library_takes_it_for_a_dataclass() -> None:
    assert [each.name for each in fields(Point)] == ["x", "y", "label"]
    assert replace(Point(1, 2), y=3) == Point(1, 3)
    assert repr(Point(1)) == "Point(x=1, y=0, label=None)"


def test_it_matches_by_place() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_copy_and_what_comes_back_from_a_pickle_are_equal() -> None:
    point = Point(1, 2, "a")
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - of ours
