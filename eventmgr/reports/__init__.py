"""Figures and papers. Reads everything, changes nothing."""
