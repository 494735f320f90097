"""Classes of HyperSpy and pyxem that the rooms above the edge tell apart, or name."""

from hyperspy.axes import BaseDataAxis
from hyperspy.signal import BaseSignal
from hyperspy.signals import LazySignal, Signal1D, Signal2D
from pyxem.signals import Diffraction2D, PolarDiffraction2D

__all__ = [
    "BaseDataAxis",
    "BaseSignal",
    "Diffraction2D",
    "LazySignal",
    "PolarDiffraction2D",
    "Signal1D",
    "Signal2D",
]
