"""Scans and attendance: every way through the door leads to the same record."""
