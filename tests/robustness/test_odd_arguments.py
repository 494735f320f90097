"""Arguments of any kind, of results and constraints: taken, or refused in words."""

import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import constraints
from tests.conftest import QUICK
from tests.helpers.fuzzing import refusal

ODD = (
    *("x", b"x", (1, 2), [1], {}, object(), True, -1, np.nan, 1j, 10**400, 1e300),
    *(np.array(2), np.ones(3), np.datetime64("2020-01-01"), -np.inf),
)

CONSTRAINTS = {
    "weight": constraints.TotalVariation,
    "fwhm": constraints.GaussianSmoothing,
    "size": constraints.GaussianSmoothing,
    "fraction": constraints.Sparsity,
    "outlier_ratio": constraints.RadialFloor,
    "level": constraints.RadialFloor,
    "center": constraints.RadialFloor,
}

CALLS = {
    "axis": lambda s, v: s.dendrogram.plot(axis=v),
    "cut": lambda s, v: s.dendrogram.cut(distance_threshold=v),
    "n_clusters": lambda s, v: s.dendrogram.cut(n_clusters=v),
    "per_row": lambda s, v: s.scan.plot_components(per_row=v),
    "cmap": lambda s, v: s.scan.plot_components(cmap=v),
    "gain": lambda s, v: s.scan.get_decomposition_residual(gain=v),
    "significance": lambda s, v: s.scan.get_decomposition_residual(
        gain=1, significance=v
    ),
    "scheduler": lambda s, v: s.scan.decomposition(**QUICK, scheduler=v),
}


class Analysed:
    """A decomposed scan, and the tree of its components."""

    def __init__(self, scan):
        self.scan = scan
        scan.decomposition(**QUICK, prune=False)
        clusters = scan.cluster_diffraction(print_info=False)
        self.dendrogram = clusters.dendrogram


@pytest.fixture(scope="module")
def analysed():
    return Analysed(
        hspy_cnmf.data.twinned_silver((6, 8), binning=4, dose=1e5, random_state=0)
    )


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints(name):
    for value in ODD:
        try:
            CONSTRAINTS[name](**{name: value})
        except Exception as error:
            refusal(error, [name], f"{name}={value!r}")


@pytest.mark.parametrize("name", CALLS)
def test_methods(name, analysed):
    for value in ODD:
        try:
            CALLS[name](analysed, value)
        except Exception as error:
            refusal(error, about=f"{name}={value!r}")


def test_without_components_there_is_nothing_to_compare(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK, factor_constraint=np.zeros_like)
    for method in (scan.get_decomposition_residual, scan.check_components):
        with pytest.raises(ValueError, match=r"All components .* are empty"):
            method()
    assert hspy_cnmf.get_result(scan).n_found == 0
