"""What nodes read of the documents that they name; the documents' models have more, and lie above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from ..ir.types import Field, FieldType


class Typed(Protocol):
    """A value with a type."""

    @property
    def type(self) -> str:
        """One of the words of `FIELD_TYPES`."""


class TypedList(Typed, Protocol):
    """A value with a type, or a list of such values."""

    @property
    def many(self) -> bool:
        """Whether it is a list."""


class Feature(TypedList, Protocol):
    """A feature of a view."""

    @property
    def default(self) -> object:
        """What holds where there is no value; None where nothing does."""


class FeatureViewModel(Protocol):
    """A `FeatureView`."""

    @property
    def entity(self) -> str:
        """What the features are of."""

    @property
    def features(self) -> Mapping[str, Feature]:
        """Every feature by its name."""

    @property
    def deadline(self) -> str:
        """After this the defaults hold."""


class Input(TypedList, Protocol):
    """A value that is sent to a model."""

    @property
    def source(self) -> str | None:
        """The expression that gives it, unless the node says."""

    @property
    def default(self) -> object:
        """What is sent where it is missing; None where nothing is."""


class Served(Protocol):
    """Which version of a model is called."""

    @property
    def version(self) -> int | None:
        """The version's number."""

    @property
    def label(self) -> str | None:
        """A label that leads to a version."""


class ModelModel(Protocol):
    """A `Model`."""

    @property
    def inputs(self) -> Mapping[str, Input]:
        """What goes in."""

    @property
    def outputs(self) -> Mapping[str, TypedList]:
        """What comes back."""

    @property
    def fallback(self) -> Mapping[str, object]:
        """What holds when the model fails or is late."""

    @property
    def served(self) -> Served | None:
        """Which version is called."""

    @property
    def deadline(self) -> str:
        """After this the fallback holds."""


class BanditFeature(Typed, Protocol):
    """Something known when an arm is picked."""

    @property
    def source(self) -> str | None:
        """The expression that gives it, unless the node says."""


class Arm(Protocol):
    """An arm of a bandit."""

    @property
    def when(self) -> str | None:
        """When it may be picked; None: always."""


class BanditModel(Protocol):
    """A `Bandit`."""

    @property
    def unit(self) -> str:
        """Who is picked for."""

    @property
    def arms(self) -> Mapping[str, Arm]:
        """The arms by their names."""

    @property
    def fallback(self) -> str:
        """The arm that is picked when nobody can choose."""

    @property
    def features(self) -> Mapping[str, BanditFeature]:
        """What is known when an arm is picked."""

    @property
    def deadline(self) -> str:
        """After this the fallback arm is picked."""


def field_of_type(name: str, declared: Typed, *, many: bool = False) -> Field:
    """The field of a value that declares nothing but its type."""
    return Field(name, cast("FieldType", declared.type), many=many)
