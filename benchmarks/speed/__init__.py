"""Time of ten constrained restarts against one run of the peers, and what limits it."""
