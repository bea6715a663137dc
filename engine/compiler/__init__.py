"""From documents to meaning: lower, check, passes, targets; `pipeline.py` is the ordered list."""
