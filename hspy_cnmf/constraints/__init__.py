"""Constraints: what a diffraction pattern or a map is known to look like.

A constraint is an object with one verb. Called with a stack of images,
shape ``(n_components, *image_shape)``, it returns the stack that obeys it; NaN marks
pixels that a mask excludes. Any callable of that signature is a constraint too, and
so is a list of constraints, applied in order.
"""

from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.common_total import CommonTotal
from hspy_cnmf.constraints.gaussian_smoothing import GaussianSmoothing
from hspy_cnmf.constraints.radial_floor import AzimuthalFloor, RadialFloor, RingFloor
from hspy_cnmf.constraints.rotational_symmetry import RotationalSymmetry
from hspy_cnmf.constraints.sparsity import Sparsity
from hspy_cnmf.constraints.total_variation import TotalVariation
from hspy_cnmf.constraints.zero_region import ZeroRegion

__all__ = [
    "AzimuthalFloor",
    "CommonTotal",
    "Constraint",
    "GaussianSmoothing",
    "RadialFloor",
    "RingFloor",
    "RotationalSymmetry",
    "Sparsity",
    "TotalVariation",
    "ZeroRegion",
]
