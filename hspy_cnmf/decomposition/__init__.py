"""Decomposition of a signal: planned, run, and written into its results."""
