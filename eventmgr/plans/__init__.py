"""The yearly plan: its document, tasks, targets, topics and other outputs."""
