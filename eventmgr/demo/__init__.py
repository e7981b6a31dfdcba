"""The invented commune, with which everything can be tried."""
