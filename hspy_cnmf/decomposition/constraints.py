"""Constraints of a run: what a signal's axes and calibration tell them."""

from dataclasses import replace

import numpy as np
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.calibration import pattern_center, ring_distortion
from hspy_cnmf._hyperspy.scales import mean_steps
from hspy_cnmf.constraints import AzimuthalFloor, GaussianSmoothing, RadialFloor
from hspy_cnmf.solver.factorise import changed


def with_resolved_constraints(estimator, signal, mean_pattern):
    """Return an estimator whose constraints know the signal's geometry.

    Without a mean pattern the centre is not looked for.
    """
    factor = estimator.factor_constraint
    if _is_auto(factor):
        factor = _automatic_floor(signal)
    if isinstance(factor, RadialFloor) and mean_pattern is not None:
        if factor.center is None:
            factor = replace(factor, center=pattern_center(signal, mean_pattern))
        if factor.affine is None:
            factor = replace(factor, affine=ring_distortion(signal))
    loading = estimator.loading_constraint
    if _is_auto(loading):
        shape, _ = shapes(signal)
        loading = GaussianSmoothing(size=tuple(3 if n >= 3 else 1 for n in shape))
    if isinstance(loading, GaussianSmoothing) and loading.step is None:
        loading = with_steps(loading, signal.axes_manager.navigation_axes[::-1])
    return changed(estimator, factor_constraint=factor, loading_constraint=loading)


def with_steps(smoothing, axes):
    """Return a smoothing that knows how far apart positions are along the axes.

    A single width is one along all axes, which have to share a unit then.
    """
    share = smoothing.fwhm is not None and np.size(smoothing.fwhm) == 1
    return replace(smoothing, step=mean_steps(axes, share))


def _is_auto(constraint):
    return isinstance(constraint, str) and constraint == "auto"


def _automatic_floor(signal):
    if isinstance(signal, PolarDiffraction2D):
        return AzimuthalFloor()
    return RadialFloor() if isinstance(signal, Diffraction2D) else None
