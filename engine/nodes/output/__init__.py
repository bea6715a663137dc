"""The node kind `output`."""
