"""Reads of the reports room: figures are summed by the database, never by loading rows.

Every function that takes `chosen` wants a condition on Meeting that says which meetings count.
"""
