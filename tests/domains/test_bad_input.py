"""What cannot be mapped is refused in words, and nothing is changed."""

import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.exceptions import VisibleDeprecationWarning

import hspy_cnmf
from hspy_cnmf import data


@pytest.fixture
def signal():
    return data.layered_domains((12, 12), detector_shape=(32, 32), random_state=0)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"n_domains": 1}, "n_domains .* 2 or more, not 1"),
        ({"n_domains": 2.5}, "n_domains must be a whole number"),
        ({"n_repeats": True}, "n_repeats must be a whole number"),
        ({"n_domains": 100}, "positions"),
        ({"latent_dimension": 0}, "latent_dimension"),
        ({"n_repeats": 1}, "n_repeats"),
        ({"pattern_size": 33}, "pattern_size"),
        ({"target_consistency": 2.0}, "target_consistency"),
        ({"outer_radius": -1.0}, "outer_radius"),
        ({"random_state": -1}, "random_state"),
        ({"signal_mask": np.ones((32, 32), bool)}, "signal_mask"),
        ({"signal_mask": np.ones((3, 3), bool)}, "signal_mask"),
        ({"tilt_invariant": "no"}, "tilt_invariant must be True or False"),
    ],
)
def test_arguments(signal, snapshot, arguments, match):
    before = snapshot(signal)
    with pytest.raises(ValueError, match=match):
        signal.map_domains(**({"n_domains": 2} | arguments))
    assert snapshot(signal) == before


def test_too_few_positions_with_counts(signal):
    signal.data[1:] = 0
    with pytest.raises(ValueError, match="12 positions take part, fewer than the 16"):
        signal.map_domains(4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -5.0])
def test_values_that_are_no_counts(signal, value):
    signal.change_dtype("float32")
    signal.data[3, 7, 15, 20] = value
    with pytest.raises(ValueError, match=r"navigation index \(7, 3\)"):
        signal.map_domains(2)
    mask = np.zeros((32, 32), bool)
    mask[15, 20] = True
    options = {"max_rounds": 1, "n_repeats": 2, "print_info": False}
    assert signal.map_domains(2, signal_mask=mask, **options).n_domains == 2


def test_constant_and_empty_patterns(signal):
    signal.data[:] = 3
    with pytest.raises(ValueError, match="the same"):
        signal.map_domains(2)
    signal.data[:] = 0
    with pytest.raises(ValueError, match="electrons"):
        signal.map_domains(2)


def test_other_signals():
    with pytest.raises(TypeError, match="electron_diffraction"):
        hspy_cnmf.map_domains(hs.signals.Signal2D(np.ones((3, 3, 8, 8))), 2)


@pytest.mark.parametrize("name", ["embedding", "epochs", "batch_size", "device"])
def test_what_was_of_a_network_is_said_to_be_without_effect(signal, name):
    with (
        pytest.warns(VisibleDeprecationWarning, match=f"{name} of map_domains"),
        pytest.raises(ValueError, match=r"n_domains .* not 1"),
    ):
        signal.map_domains(1, **{name: "linear"})


def test_no_domains_yet(signal):
    with pytest.raises(RuntimeError, match="map_domains"):
        hspy_cnmf.get_domains(signal)


def test_a_radius_without_end_is_that_of_the_corners(signal):
    settings = {"max_rounds": 1, "print_info": False}
    maps = [
        signal.map_domains(2, outer_radius=radius, random_state=0, **settings)
        for radius in (np.inf, 1e6)
    ]
    np.testing.assert_array_equal(maps[0].labels.data, maps[1].labels.data)
