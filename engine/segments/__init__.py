"""Membership: who is in which segment."""

from __future__ import annotations
