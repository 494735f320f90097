"""Figures of the command line are drawn, but not arranged."""

from tests.helpers.layout import without_layout  # noqa: F401
