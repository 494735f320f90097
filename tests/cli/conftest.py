"""Figures of the command line are drawn, but not arranged."""

import pytest
from matplotlib.layout_engine import ConstrainedLayoutEngine


@pytest.fixture(autouse=True)
def without_layout(monkeypatch):
    """Leave axes where they are: to arrange them takes a sixth of a command's time.

    What figures look like is asked of those that are made here as elsewhere, in
    ``tests/figures``.
    """
    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", lambda self, figure: None)
