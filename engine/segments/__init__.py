"""Membership: which customers are in which segments, kept fresh, explained, and rebuilt without a gap."""
