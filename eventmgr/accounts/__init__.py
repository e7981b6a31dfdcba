"""People who sign in, and their roles on areas."""
