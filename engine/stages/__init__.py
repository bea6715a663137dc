"""Stages: work that other packages do beside the loop of a worker."""
