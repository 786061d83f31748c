"""What each layer loses with fewer bits: measured, written and drawn."""
