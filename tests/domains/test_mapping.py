"""Maps of domains of scans of all kinds."""

import json

import numpy as np
import pytest
from pyxem.signals import ElectronDiffraction2D

import hspy_cnmf
from tests.helpers.domain_scans import QUICK, accuracy, small_scan


def test_rotated_grains_are_found_and_turned_back():
    signal, truth = small_scan(rotated=True, bending=0.5, random_state=2)
    mask = hspy_cnmf.structure_mask(signal)
    options = QUICK | {"latent_dimension": 5}
    domains = signal.map_domains(
        3, signal_mask=mask, rotation_invariant=True, **options
    )
    assert accuracy(domains.labels.data, truth) > 0.9
    assert domains.latent.data.shape == (24, 24, 5)
    assert np.isfinite(domains.factors.data[:, ~mask.data]).mean() > 0.9


def test_turned_grains_that_are_merged_wrongly_are_doubted():
    signal, truth = small_scan(rotated=True, bending=0.5, random_state=1)
    mask = hspy_cnmf.structure_mask(signal)
    domains = signal.map_domains(
        3, signal_mask=mask, rotation_invariant=True, **QUICK | {"random_state": 1}
    )
    is_right = accuracy(domains.labels.data, truth) > 0.9
    assert is_right or "another division" in " ".join(domains.doubts)


@pytest.mark.parametrize("tilt_invariant", [True, np.False_])
@pytest.mark.parametrize("rotation_invariant", [False, True])
@pytest.mark.parametrize("has_mask", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
def test_all_switches_go_together(tilt_invariant, rotation_invariant, has_mask, lazy):
    signal, _ = small_scan(shape=(8, 9))
    mask = hspy_cnmf.structure_mask(signal) if has_mask else None
    domains = hspy_cnmf.map_domains(
        signal.as_lazy() if lazy else signal,
        np.int64(2),
        n_repeats=np.int16(2),
        max_rounds=np.uint8(1),
        random_state=np.int64(0),
        target_consistency=np.float32(0.5),
        signal_mask=mask,
        rotation_invariant=rotation_invariant,
        tilt_invariant=tilt_invariant,
        print_info=False,
    )
    assert domains.n_domains == 2
    assert json.loads(json.dumps(domains.run))["parameters"]["n_domains"] == 2
    assert np.isfinite(domains.probabilities.data).all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_vacuum_is_as_if_masked():
    """In maps, lazy or not, and where their models are applied."""
    signal, _ = small_scan(shape=(12, 12))
    signal.data[:3] = signal.data[7, 2] = 0
    vacuum = signal.data.sum(axis=(2, 3)) == 0
    lazy, options = signal.as_lazy(), QUICK | {"n_repeats": 2}
    found = hspy_cnmf.map_domains(lazy, 3, **options)
    masked = hspy_cnmf.map_domains(signal, 3, navigation_mask=vacuum.T, **options)
    pairs = (found, masked), (found.apply(lazy), masked.apply(signal, vacuum.T))
    for one, other in pairs:
        np.testing.assert_array_equal(one.labels.data == -1, vacuum)
        for name in ("labels", "confidence", "factors"):
            arrays = (getattr(domains, name).data for domains in (one, other))
            np.testing.assert_allclose(*map(np.asarray, arrays), rtol=1e-6)


def test_lines_of_positions_and_stacks_of_scans():
    signal, _ = small_scan(shape=(12, 12))
    for scan in (signal.inav[:, 3:7], signal.inav[:, 4]):
        scan = scan.deepcopy()
        if scan.axes_manager.navigation_dimension == 1:
            scan = ElectronDiffraction2D(np.concatenate([scan.data] * 4))
        domains = hspy_cnmf.map_domains(scan, 2, **QUICK)
        assert domains.labels.data.shape == scan.axes_manager.navigation_shape[::-1]
