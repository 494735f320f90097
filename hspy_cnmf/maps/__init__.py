"""Contents of maps: particles, their sizes, windows around them, and similar maps."""
