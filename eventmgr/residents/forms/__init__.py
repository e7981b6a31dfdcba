"""Web input of the residents room, by subject."""
