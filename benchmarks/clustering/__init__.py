"""How well groups of components agree with the truth of simulated data sets."""
