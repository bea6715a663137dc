"""`decisor index`: the search index of profiles."""
