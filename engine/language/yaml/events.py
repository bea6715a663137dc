"""The parser beneath: libyaml's events, or PyYAML's own, which are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml


def events_of(text: str, *, libyaml: bool = yaml.__with_libyaml__) -> Callable[[], Any]:
    """A function that returns the next event of the text at each call, and raises `yaml.YAMLError` where it cannot.

    Events are untyped here since PyYAML declares their marks as optional, which those from a parser never are.
    Without libyaml it is some ten times slower.
    """
    loader = yaml.CBaseLoader(text) if libyaml else yaml.BaseLoader(text)
    return loader.get_event
