"""Messages: a text to these phones at this time, sent once each. Knows nothing of meetings."""
