"""Meetings, their series, audience, invitations and answers."""
