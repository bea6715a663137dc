"""Stages: work that other packages run in a worker, alongside its loop."""
