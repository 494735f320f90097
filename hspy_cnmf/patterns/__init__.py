"""What patterns hold: geometry, similarity, groups of the same crystal, and spots."""
