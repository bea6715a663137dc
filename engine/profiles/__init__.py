"""The customer data platform: from events to profiles."""
