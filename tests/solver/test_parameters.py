"""Parameters of a factorisation: what makes no sense is named."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.solver.parameters import STARTS, check_parameters, starting_loadings
from tests.solver.test_factorise import mixture

KEEP = np.ones((8, 10), bool), np.ones(60, bool)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_components": 0}, "n_components"),
        ({"n_components": 2.5}, "n_components"),
        ({"n_components": 61}, "at most 60"),
        ({"n_init": 0}, "n_init"),
        ({"max_iter": -1}, "max_iter"),
        ({"tol": -1e-3}, "tol"),
        ({"tol": np.nan}, "tol"),
        ({"solver": "mu"}, "'als' or 'hals'"),
        ({"init": "nndsvd"}, "init"),
        ({"init": np.ones((2, 5))}, "init"),
        ({"init": -np.ones((3, 80))}, "init"),
        ({"compression": 2}, "compression"),
        ({"compression": "yes"}, "compression"),
        ({"random_state": "seed"}, "random_state"),
        ({"factor_shape": (7, 7)}, "factor_shape"),
    ],
)
def test_bad_parameters_raise(parameters, words):
    data, _, _ = mixture()
    with pytest.raises(ValueError, match=words):
        ConstrainedNMF(**({"n_components": 3} | parameters)).fit(data)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"prune": 1}, "prune must be True or False, got 1"),
        ({"matrix": "yes"}, "matrix must be 'auto' or None, got 'yes'"),
        ({"tol": "small"}, "tol must be a number, 0 or more, not 'small'"),
        ({"n_components": True}, "n_components .* got True"),
        ({"solver": None}, "solver must be 'als' or 'hals', got None"),
        ({"init": np.full((3, 80), np.nan)}, r"init must .* array of shape \(3, 80\)"),
        ({"init": object()}, "init must be .* got <object"),
        ({"compression": 2}, "compression=2 is a sketch of lower rank than the 3"),
    ],
)
def test_each_is_named_with_what_was_given(parameters, words):
    estimator = ConstrainedNMF(**({"n_components": 3} | parameters))
    with pytest.raises(ValueError, match=words):
        check_parameters(estimator, *KEEP)


def test_masked_positions_and_pixels_have_no_room():
    few = np.zeros((8, 10), bool)
    few[0, :4] = True
    check_parameters(ConstrainedNMF(4), few, KEEP[1])
    with pytest.raises(ValueError, match="data of 4 positions and 60 pixels"):
        check_parameters(ConstrainedNMF(5), few, KEEP[1])


def test_starting_loadings_with_or_without_masked_positions_are_the_same():
    keep = np.random.default_rng(0).random((8, 10)) < 0.5
    images = np.random.default_rng(1).random((3, 8, 10))
    whole = starting_loadings(ConstrainedNMF(3, init=images), keep)
    bare = starting_loadings(ConstrainedNMF(3, init=images[:, keep]), keep)
    np.testing.assert_array_equal(whole, images[:, keep])
    np.testing.assert_array_equal(bare, whole)
    images[:, ~keep] = np.nan  # what does not take part is not looked at
    again = starting_loadings(ConstrainedNMF(3, init=images), keep)
    np.testing.assert_array_equal(again, whole)


@pytest.mark.parametrize("init", STARTS)
def test_names_of_starts_give_no_loadings(init):
    assert starting_loadings(ConstrainedNMF(3, init=init), KEEP[0]) is None
