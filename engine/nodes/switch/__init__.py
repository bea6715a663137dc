"""The node kind `switch`."""
