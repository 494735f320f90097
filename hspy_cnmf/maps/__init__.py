"""What maps hold: particles, their sizes, windows around them, and similar maps."""
