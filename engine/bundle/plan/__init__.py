"""What changes in meaning between two states of a workspace, grouped by what it does at run time."""

from __future__ import annotations
