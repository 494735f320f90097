"""How alike patterns are to themselves, measured again with as much noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.patterns.agglomeration import Treatment
from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.reliability import Repetition
from hspy_cnmf.patterns.similarity import compare_all
from tests.helpers.clustering_cases import CENTER, SHAPE, crystal, partition, rings

LAW = settings(max_examples=10, deadline=None)
GEOMETRY, RADII = CartesianGeometry(SHAPE, CENTER), (5.0, 21.0)
REPETITION = Repetition.on_detector(GEOMETRY, 120, RADII)
TREATMENT = Treatment()


def reliability_of(patterns):
    return REPETITION.reliability(GEOMETRY.polar(patterns, 120, RADII), TREATMENT)


def measured(n, noise, seed=0):
    """Return n measurements of one crystal, which differ in their noise."""
    mean = crystal(0, 0) + 0.2 * rings(11, width=3)
    return mean + noise * np.random.default_rng(seed).normal(size=(n, *SHAPE))


@LAW
@given(st.floats(0.01, 0.09), st.integers(0, 99))
def test_it_is_the_similarity_of_two_measurements(noise, seed):
    patterns = measured(4, noise, seed)
    polar = GEOMETRY.polar(patterns, 120, RADII)
    similarity = compare_all(TREATMENT.spectra(polar)).similarity
    between = similarity[np.triu_indices(4, 1)].mean()
    assert reliability_of(patterns).mean() == pytest.approx(between, abs=0.12)


@LAW
@given(st.floats(1e-9, 1e9), st.floats(0, 0.1))
def test_it_is_between_a_quarter_and_1_in_any_units(scale, noise):
    patterns = measured(2, noise)
    found = reliability_of(patterns)
    assert ((found >= 0.25) & (found <= 1)).all()
    np.testing.assert_allclose(reliability_of(scale * patterns), found, rtol=1e-3)


def test_patterns_without_noise_and_without_anything_are_certain():
    clean = np.stack([crystal(0, 0), np.zeros(SHAPE), np.ones(SHAPE)])
    np.testing.assert_allclose(reliability_of(clean), 1, atol=0.02)


@pytest.mark.parametrize("counts", [1000, 1e5])
def test_groups_are_found_of_few_counts_and_of_many(counts):
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1], 4)
    means = [crystal(k, rng.uniform(0, 180)) + 0.02 * rings(11) for k in truth]
    patterns = np.stack([rng.poisson(counts * mean / mean.sum()) for mean in means])
    found = cluster_diffraction(patterns, center=CENTER, print_info=False)
    assert partition(found.labels.data) == partition(truth)
