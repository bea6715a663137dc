"""Steps towards the canonical layout, each from text to text; `format.py` puts them in order and checks each."""

from __future__ import annotations
