"""Household lists as offices keep them, read into values: a file, its tables, their columns, their people.

Pure: nothing here knows the database. What the people on a list mean for those already known is
settled in `services.importing`.
"""
