"""Changing keys while everything serves: one walk over what is sealed, and a status of what still uses which key."""
