"""Writes of the meetings room, by subject."""
