"""`decisor dead-letters`: what could not be taken in."""
