"""One signed file: the checked meaning of a workspace as canonical JSON, with its provenance."""
