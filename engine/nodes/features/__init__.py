"""The node kind `features`."""
