"""The node kind `experiment`."""
