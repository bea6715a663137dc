"""One signed file: the checked meaning of a workspace, as canonical JSON, with where it came from."""
