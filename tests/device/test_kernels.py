"""Laws of the kernels: what the host does, but for rounding. They need a GPU."""

import numpy as np
import pytest

from hspy_cnmf import data, get_result
from hspy_cnmf.constraints import AzimuthalFloor, GaussianSmoothing, RadialFloor
from hspy_cnmf.device.arrays import to_gpu, to_host
from hspy_cnmf.device.choice import has_gpu
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.iteration import gram, volume_term

pytestmark = pytest.mark.skipif(not has_gpu(), reason="needs CuPy and a GPU")

TYPES = [np.float32, np.float64]
QUICK = {"n_init": 3, "random_state": 0, "show_progressbar": False, "print_info": False}


def near(found, expected, dtype):
    """Assert that a result of the GPU is that of the host but for rounding."""
    assert found.dtype == expected.dtype
    rtol = 2e-3 if dtype == np.float32 else 1e-9
    scale = np.abs(expected).max()
    np.testing.assert_allclose(to_host(found), expected, rtol, rtol * 1e-2 * scale)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [1, 7, 100, 500])
def test_sweeps(n, dtype):
    rng = np.random.default_rng(n)
    fixed = rng.random((n, 900)).astype(dtype)
    fixed[0] *= rng.integers(2)  # perhaps a component without a pattern
    current = rng.random((n, 333)).astype(dtype)
    products = fixed @ rng.random((900, 333)).astype(dtype)
    expected = half_steps.hals(products, gram(fixed), current, 3)
    found = half_steps.hals(to_gpu(products), gram(to_gpu(fixed)), to_gpu(current), 3)
    near(found, expected, dtype)


@pytest.mark.parametrize("held", [[0], [1, 3], [0, 1, 2, 3]])
@pytest.mark.parametrize("solve", half_steps.SOLVERS.values())
def test_half_steps_with_something_held(solve, held):
    rng = np.random.default_rng(0)
    fixed, current = rng.random((4, 50)), rng.random((4, 60))
    products = fixed @ rng.random((50, 60))
    stays = np.isin(np.arange(4), held)
    expected = half_steps.half_step(solve, products, gram(fixed), current, None, stays)
    there = (to_gpu(products), gram(to_gpu(fixed)), to_gpu(current), None, stays)
    near(half_steps.half_step(solve, *there), expected, np.float64)
    near(volume_term(to_gpu(fixed)), volume_term(fixed), np.float64)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "constraint",
    [
        RadialFloor(center=(20.3, 17.1)),
        RadialFloor(level="mean"),
        RadialFloor(affine=((1.03, 0.02), (0.0, 0.98))),
        AzimuthalFloor(),
        GaussianSmoothing(),
        GaussianSmoothing(fwhm=3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("masked", [False, True])
def test_constraints(constraint, masked, dtype):
    rng = np.random.default_rng(1)
    keep = np.ones((40, 37), bool)
    keep[5:9, 3:30] = not masked
    images = rng.poisson(2.0, (5, np.count_nonzero(keep))).astype(dtype)
    images[1] *= rng.random(images.shape[1]) > 0.15  # rings that are dark in places
    images[2] += 50 * (rng.random(images.shape[1]) > 0.98)  # spots
    images[3] = 0
    apply = constraint.prepare(keep)
    near(apply(to_gpu(images)), apply(images), dtype)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"prune": False},
        {"normalize_poissonian_noise": True},
        {"solver": "als"},
        {"loading_constraint": lambda maps: maps},
        {"volume_weight": 5.0},
    ],
    ids=["default", "all kept", "weighted", "als", "own constraint", "small volume"],
)
def test_decomposition(arguments):
    found = {}
    for device in ("cpu", "gpu"):
        signal = data.four_phases(random_state=0)
        signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=4,
            device=device,
            **(QUICK | arguments),
        )
        result = get_result(signal)
        assert result.parameters["device"] == device
        found[device] = result
    for name in ("factors", "loadings"):
        one, other = (getattr(found[device], name) for device in ("cpu", "gpu"))
        there = one.any(axis=1)
        np.testing.assert_array_equal(other.any(axis=1), there)
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosines = np.einsum("ij,ij->i", one, other)[there] / norms[there]
        assert cosines.min() > 1 - 1e-4, name


def test_maps_that_are_known():
    found = {}
    for device in ("cpu", "gpu"):
        signal, truth = data.four_phases(random_state=0, return_truth=True)
        signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=4,
            device=device,
            fixed_factors=np.asarray(truth.factors.data[:1]),
            **QUICK,
        )
        found[device] = get_result(signal).loadings
    np.testing.assert_allclose(
        found["gpu"], found["cpu"], rtol=1e-2, atol=1e-3 * found["cpu"].max()
    )
