"""Constraints: what a diffraction pattern or a map is known to look like.

A constraint is an object with one verb. Called with a stack of images,
shape ``(n_components, *image_shape)``, it returns the stack that obeys it; NaN marks
pixels that a mask excludes. Any callable of that signature is a constraint too.
"""

from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.gaussian_smoothing import GaussianSmoothing
from hspy_cnmf.constraints.radial_floor import AzimuthalFloor, RadialFloor, RingFloor

__all__ = [
    "AzimuthalFloor",
    "Constraint",
    "GaussianSmoothing",
    "RadialFloor",
    "RingFloor",
]
