"""Workspaces' own tests: cases with a frozen clock, what differed and why, and what they cover."""
