"""`decisor keys`: the keys of encrypted fields."""
