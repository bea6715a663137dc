"""Encryption of single fields: keys, sealed values, keyed hashes, and the rotation of all of them while serving."""
