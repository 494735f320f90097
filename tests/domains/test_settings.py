"""Arguments of maps of domains, and what is wrong with some."""

import numpy as np
import pytest

from hspy_cnmf.domains.settings import Settings
from tests.helpers.domain_scans import DEFAULTS


def settings(**arguments):
    return Settings(**(DEFAULTS | arguments))


def test_numbers_of_numpy_are_those_of_python():
    found = settings(n_domains=np.int8(3), target_consistency=np.float32(0.5))
    assert type(found.n_domains) is int and found.n_domains == 3
    assert type(found.target_consistency) is float
    assert type(settings(tilt_invariant=np.True_).tilt_invariant) is bool


@pytest.mark.parametrize("name", ["n_domains", "latent_dimension", "random_state"])
def test_some_may_be_left_open(name):
    assert getattr(settings(**{name: None}), name) is None
    with pytest.raises(ValueError, match="n_repeats must be a whole number"):
        settings(n_repeats=None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_domains", 1),
        ("latent_dimension", 0),
        ("n_repeats", 1),
        ("max_rounds", 0),
        ("pattern_size", 8),
        ("pattern_size", 21),
        ("random_state", -1),
        ("target_consistency", 1.01),
        ("target_consistency", np.nan),
        ("outer_radius", 0.0),
        ("outer_radius", True),
        ("outer_radius", "wide"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_value(name, value):
    with pytest.raises(ValueError, match=f"{name}.*{value!r}"):
        settings(**{name: value})


@pytest.mark.parametrize(("n_domains", "needed"), [(None, 8), (2, 8), (5, 20)])
def test_each_domain_needs_some_positions(n_domains, needed):
    some = settings(n_domains=n_domains)
    some.check_positions(needed)
    with pytest.raises(ValueError, match=f"fewer than the {needed}"):
        some.check_positions(needed - 1)
