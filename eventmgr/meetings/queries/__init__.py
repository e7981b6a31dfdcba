"""Reads of the meetings room, by subject."""
