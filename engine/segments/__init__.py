"""Segment membership: what runs, the sets in Redis, overrides, transitions and history."""
