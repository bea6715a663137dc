"""`decisor dead-letters`: events that could not be processed."""
