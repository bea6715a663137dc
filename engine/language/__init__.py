"""What authors write: strict YAML with places, one model for each kind of document, formatting."""
