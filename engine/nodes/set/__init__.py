"""The node kind `set`."""
