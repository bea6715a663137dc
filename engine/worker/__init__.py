"""The worker: events and the passing of time become profiles, membership and transitions, in one transaction each."""
