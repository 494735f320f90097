"""Contents of patterns: centre, geometry, similarity, groups of a crystal, spots."""
