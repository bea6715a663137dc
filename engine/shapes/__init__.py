"""The vocabulary of documents: strict frozen models, names, durations, shares and choices."""
