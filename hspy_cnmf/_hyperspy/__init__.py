"""The one edge to HyperSpy and pyxem: below it, rooms see arrays only."""
