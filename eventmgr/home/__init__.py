"""The page Today, set-up, help and settings."""
