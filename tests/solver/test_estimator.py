"""The estimator by itself: scikit-learn's checks, and its own laws."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor


@pytest.fixture
def counts():
    """Return data of three components, 40 positions x 60 pixels."""
    rng = np.random.default_rng(0)
    expected = rng.gamma(1, 1, (40, 3)) @ rng.gamma(0.3, 1, (3, 60))
    return rng.poisson(50 * expected).astype(float)


@pytest.fixture
def estimator():
    """Return an estimator for `counts` that settles."""
    return ConstrainedNMF(3, n_init=2, max_iter=300, tol=1e-6, random_state=0)


@parametrize_with_checks(
    [ConstrainedNMF(1, n_init=1), ConstrainedNMF(1, solver="als", n_init=2)]
)
def test_scikit_learn_has_nothing_to_object_to(estimator, check):
    check(estimator)


def test_fitting_fills_the_attributes(counts, estimator):
    assert estimator.fit(counts) is estimator
    assert estimator.components_.shape == (3, 60)
    np.testing.assert_allclose(estimator.components_.sum(axis=1), 1)
    assert estimator.n_features_in_ == 60
    result = estimator.result_
    assert estimator.n_iter_ == result.n_iter[result.best] > 1
    norms = np.linalg.norm(result.loadings, axis=1)
    assert (np.diff(norms) <= 0).all()


@pytest.mark.parametrize("solver", ["als", "hals"])
@pytest.mark.parametrize("compression", ["auto", None, 8])
def test_the_ways_to_loadings_agree(counts, estimator, solver, compression):
    estimator.set_params(solver=solver, compression=compression)
    loadings = estimator.fit_transform(counts)
    assert loadings.shape == (40, 3) and (loadings >= 0).all()
    np.testing.assert_allclose(
        estimator.transform(counts), loadings, rtol=1e-3, atol=1e-3 * loadings.max()
    )
    np.testing.assert_array_equal(
        clone(estimator).fit(counts).components_, estimator.components_
    )
    model = estimator.inverse_transform(loadings)
    np.testing.assert_array_equal(model, loadings @ estimator.components_)
    residual = np.linalg.norm(counts - model)
    assert estimator.reconstruction_err_ == pytest.approx(residual, rel=1e-6)
    # Poisson noise is all that is left.
    assert residual**2 < 1.05 * counts.sum()


def test_loadings_of_other_positions(counts, estimator):
    estimator.fit(counts)
    loadings = estimator.transform(counts)
    np.testing.assert_allclose(
        estimator.transform(counts[::-3]), loadings[::-3], rtol=1e-6, atol=1e-6
    )
    exact = estimator.inverse_transform(loadings)
    np.testing.assert_allclose(
        estimator.transform(exact), loadings, rtol=1e-3, atol=1e-3 * loadings.max()
    )


def test_no_start_is_better_than_the_winner(counts, estimator):
    estimator.set_params(n_init=6, max_iter=5).fit(counts)
    result = estimator.result_
    last = result.error_history[:, -1]
    assert result.best == last.argmin() and np.ptp(last) > 0


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_types(counts, estimator, dtype):
    data = np.minimum(counts, 255).astype(dtype)
    loadings = estimator.fit_transform(data)
    assert loadings.dtype == (np.float32 if dtype == "float32" else np.float64)
    expected = clone(estimator).fit_transform(data.astype(float))
    np.testing.assert_allclose(loadings, expected, rtol=0.02, atol=2)


def test_constraints_see_images_of_the_shapes_given(counts, estimator):
    shapes = set()

    def look(images):
        shapes.add(images.shape[1:])
        return images

    estimator.set_params(
        factor_constraint=look,
        loading_constraint=look,
        factor_shape=(6, 10),
        loading_shape=(8, 5),
    )
    free = ConstrainedNMF(3, n_init=2, max_iter=300, tol=1e-6, random_state=0)
    np.testing.assert_allclose(
        estimator.fit_transform(counts),
        free.fit_transform(counts),
        rtol=1e-6,
        atol=1e-6,
    )
    assert shapes == {(6, 10), (8, 5)}
    estimator.set_params(
        factor_constraint=RadialFloor(), loading_constraint=GaussianSmoothing()
    )
    constrained = estimator.fit_transform(counts)
    assert np.abs(constrained - free.result_.loadings.T).max() > 1


@pytest.mark.parametrize("name", ["factor_shape", "loading_shape"])
def test_shapes_must_fit_the_data(counts, estimator, name):
    with pytest.raises(ValueError, match=rf"{name}=\(7, 7\) has 49 elements"):
        estimator.set_params(**{name: (7, 7)}).fit(counts)


def test_a_given_start_is_used(counts, estimator):
    truth = estimator.fit_transform(counts).T
    again = clone(estimator).set_params(init=truth, n_init=1)
    again.fit(counts)
    assert again.n_iter_ < estimator.n_iter_
    assert again.reconstruction_err_ <= estimator.reconstruction_err_ * (1 + 1e-6)


def test_names_of_what_comes_out(counts, estimator):
    expected = [f"constrainednmf{k}" for k in range(3)]
    names = estimator.fit(counts).get_feature_names_out()
    np.testing.assert_array_equal(names, expected)
    pandas = pytest.importorskip("pandas")
    frame = estimator.set_output(transform="pandas").fit_transform(counts)
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == expected


def test_pickles_transform_alike(counts, estimator):
    estimator.set_params(loading_constraint=GaussianSmoothing()).fit(counts)
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copy.transform(counts), estimator.transform(counts))
    assert copy.result_.parameters == estimator.result_.parameters
    assert copy.get_params() == estimator.get_params()


def test_in_a_pipeline(counts, estimator):
    counts = counts + 1
    pipeline = make_pipeline(MaxAbsScaler(), estimator)
    loadings = pipeline.fit_transform(counts)
    np.testing.assert_allclose(
        pipeline.transform(counts), loadings, rtol=1e-3, atol=1e-3 * loadings.max()
    )
    scaled = counts / counts.max(axis=0)
    np.testing.assert_allclose(loadings, clone(estimator).fit_transform(scaled))
    back = pipeline.inverse_transform(loadings)
    assert np.linalg.norm(back - counts) < 0.3 * np.linalg.norm(counts)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.full((5, 6), -1.0), "Negative values in data passed to ConstrainedNMF"),
        (np.full((5, 6), np.nan), "NaN"),
        (np.full((5, 6), np.inf), "infinity"),
        (np.ones(6), "2D array"),
        (np.ones((1, 6)), "minimum of 2"),
        (np.ones((2, 6)), "room for at most 2"),
    ],
    ids=["negative", "NaN", "infinity", "1D", "one position", "few positions"],
)
def test_bad_data_raise(estimator, X, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(X)
    assert not hasattr(estimator, "components_")


def test_an_unfitted_estimator_says_so(counts, estimator):
    for method in (estimator.transform, estimator.inverse_transform):
        with pytest.raises(NotFittedError):
            method(counts)


def test_automatic_constraints_need_a_signal(counts, estimator):
    with pytest.raises(TypeError, match=r"factor_constraint='auto'.*s\.decomposition"):
        estimator.set_params(factor_constraint="auto").fit(counts)


def test_an_estimator_fitted_through_a_signal_knows_its_pixels(make_scan):
    scan = make_scan()
    estimator = ConstrainedNMF(2, n_init=1, max_iter=3)
    scan.decomposition(algorithm=estimator, print_info=False)
    n_pixels = scan.axes_manager.signal_size
    assert estimator.transform(np.ones((4, n_pixels))).shape == (4, 2)
    with pytest.raises(ValueError, match=f"expecting {n_pixels}"):
        estimator.transform(np.ones((4, n_pixels - 1)))


def test_given_loadings_are_one_start(counts):
    init = np.random.default_rng(0).random((3, 40))
    result = ConstrainedNMF(3, init=init, n_init=10).fit(counts).result_
    assert len(result.status) == 1


def test_constraint_objects_are_not_copied(counts):
    calls = []

    class Counting:
        def __call__(self, images):
            calls.append(self)
            return images

    constraint = Counting()
    ConstrainedNMF(3, factor_constraint=constraint, max_iter=2).fit(counts)
    assert calls and all(call is constraint for call in calls)
