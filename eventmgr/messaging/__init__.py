"""Turns "this text to these phones at this time" into delivered SMS, once each.

Knows nothing of meetings: it is handed an opaque subject and recipient key.
"""
