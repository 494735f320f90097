"""A small volume is taken where data bear it, and nothing changes where they do not."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF, get_result
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.data import two_particles

FACTORS = 0.2 + np.random.default_rng(0).random((3, 40)) ** 3


def scene(seed, variation=0.03, noise=1e-3):
    """Return data of three spectra that vary, of which no position holds one alone."""
    rng = np.random.default_rng(seed)
    loadings = rng.dirichlet((1, 1, 1), 900)
    loadings = loadings[loadings.max(axis=1) < 0.85][:400]
    varied = loadings * (1 + variation * rng.standard_normal(loadings.shape))
    data = loadings @ FACTORS + (varied - loadings) @ np.roll(FACTORS, 5, axis=1)
    return np.maximum(data + noise * rng.standard_normal(data.shape), 0)


def fitted(data, weight, **settings):
    estimator = ConstrainedNMF(
        3, volume_weight=weight, n_init=2, random_state=0, **settings
    )
    return estimator.fit(data)


def angle(found):
    unit = [
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (found, FACTORS)
    ]
    return np.arccos(np.clip((unit[1] @ unit[0].T).max(axis=1), -1, 1)).max()


@pytest.mark.parametrize("seed", range(3))
def test_spectra_that_vary_are_nearer_to_the_truth(seed):
    data = scene(seed)
    free, small = (fitted(data, weight) for weight in (0, "auto"))
    assert small.result_.parameters["volume_weight"] == 20
    assert angle(small.components_) < 0.5 * angle(free.components_)
    further = np.linalg.svd(data, compute_uv=False)[3] ** 2
    rise = small.reconstruction_err_**2 - free.reconstruction_err_**2
    assert rise <= 1.01 * further


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        (np.random.default_rng(0).poisson(scene(0, 0) * 20.0), {}),
        (scene(0), {"init": "random"}),
    ],
    ids=["noise", "random starts"],
)
def test_otherwise_nothing_changes(data, settings):
    free, small = (fitted(data, weight, **settings) for weight in (0, "auto"))
    assert small.result_.parameters["volume_weight"] == 0
    np.testing.assert_array_equal(small.components_, free.components_)
    np.testing.assert_array_equal(small.result_.loadings, free.result_.loadings)


def test_faint_components_are_not_lost_to_the_volume():
    """Of three spectra in few counts two are asked for, the second hardly more."""
    signal = two_particles()
    step = signal.axes_manager.navigation_axes[0].scale
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=2,
        normalize_poissonian_noise=True,
        loading_constraint=GaussianSmoothing(5 * step),
        n_init=2,
        random_state=0,
        print_info=False,
        show_progressbar=False,
    )
    assert get_result(signal).parameters["volume_weight"] == 0
    loadings = signal.get_decomposition_loadings().data
    assert loadings.max(axis=(1, 2)).min() > 0.1 * loadings.max()
