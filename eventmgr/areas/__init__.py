"""The tree of areas: province, (district), commune, hamlet. Names and parents are data."""
