"""The one edge to HyperSpy and pyxem: below it, rooms see arrays only."""

import warnings

with warnings.catch_warnings():
    # pyxem 0.21 asks HyperSpy 2.5 for a function where it used to be.
    warnings.filterwarnings("ignore", message=".*has moved to `hyperspy")
    import pyxem.signals  # noqa: F401
