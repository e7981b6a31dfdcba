"""Households and their members, contacts, guests, and the lists they come from."""
