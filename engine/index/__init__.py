"""The search index of profiles: it follows the outbox, is rebuilt next to the live one, and is read in key order."""
