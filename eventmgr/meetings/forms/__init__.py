"""Web input of the meetings room, by subject."""
