"""Figures that are drawn, but not arranged."""

import pytest
from matplotlib.layout_engine import ConstrainedLayoutEngine


def leave_axes(monkeypatch):
    """Have axes left where they are, until a patch is undone."""
    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", lambda self, figure: None)


@pytest.fixture(autouse=True)
def without_layout(monkeypatch):
    """Leave axes where they are, in each test of a room that asks for it.

    To arrange them takes half of the time of a report, a sixth of a command's. What
    figures look like is asked of those that are made here as elsewhere, in
    ``tests/figures``.
    """
    leave_axes(monkeypatch)
