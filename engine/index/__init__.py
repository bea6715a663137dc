"""The search index of profiles: it follows the outbox, is built anew beside the live one, is read in key order."""
