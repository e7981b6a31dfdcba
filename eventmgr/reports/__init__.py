"""What was reached: figures on screen, and the papers an office hands in."""
