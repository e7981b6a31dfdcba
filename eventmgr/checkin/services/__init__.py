"""Writes of the check-in room, by subject."""
