"""Residuals: chi-square of a correct model is 1, and what fails it is flagged."""

import numpy as np
import pytest
from hyperspy.signals import Signal2D

import hspy_cnmf
from hspy_cnmf import get_residual
from hspy_cnmf.constraints import GaussianSmoothing
from tests.conftest import QUICK, make_components
from tests.verification.conftest import FREE


@pytest.mark.parametrize("counts", [2e3, 40, 3])
@pytest.mark.parametrize("refit", ["both", "loadings", None])
def test_chi_square_of_a_correct_model_is_one(decomposed, counts, refit):
    scan = decomposed(counts=counts)
    residual = scan.get_decomposition_residual(refit=refit)
    chi_square = residual.chi_square.data
    error = chi_square.std() / np.sqrt(chi_square.size)
    assert abs(chi_square.mean() - 1) < 0.02 + 3 * error
    assert abs(np.nanmean(residual.chi_square_pattern.data) - 1) < 0.03 + 3 * error


@pytest.mark.parametrize(
    ("shape", "refit"),
    [((3, 4), "loadings"), ((1, 12), None), ((8, 8), "loadings"), ((8, 8), "both")],
)
def test_factors_from_elsewhere_take_no_freedom(make_scan, shape, refit):
    loadings, factors = make_components(shape, (24, 22))
    loadings[1] = 0  # not there
    rng = np.random.default_rng(0)
    mean = np.tensordot(300 * loadings, factors, (0, 0))
    chi_squares, flagged = [], 0
    for _ in range(4):
        scan = Signal2D(rng.poisson(mean))
        scan.apply_factors(factors, loading_constraint=None, print_info=False)
        residual = scan.get_decomposition_residual(refit=refit)
        chi_squares.append(residual.chi_square.data)
        flagged += residual.n_flagged
    error = np.std(chi_squares) / np.sqrt(np.size(chi_squares))
    fitted = 1 if refit else 1 - 3 / 528  # None: loadings are fitted, it is said
    # A position that a pattern is fitted to alone keeps no scatter that tells.
    median = np.median(chi_squares)
    assert median == pytest.approx(1 / fitted, abs=0.02 + 3 * error)
    assert flagged <= 1 + 0.01 * np.size(chi_squares)


@pytest.mark.parametrize("smoothing", ["auto", None])
@pytest.mark.parametrize("counts", [1e3, 15])
def test_chance_flags_what_is_stated(make_scan, smoothing, counts):
    flagged = []
    for seed in range(3):
        scan = make_scan((30, 30), (12, 12), counts=counts, seed=seed)
        scan.decomposition(**FREE)
        residual = scan.get_decomposition_residual(
            significance=0.05, smoothing=smoothing
        )
        flagged.append(residual.n_flagged)
        assert residual.summary().endswith("expected by chance")
        assert residual.n_expected == pytest.approx(45)
    # neighbours are judged together: the number scatters more than it does by itself
    assert 0.6 * 45 < np.mean(flagged) < 1.5 * 45


def test_what_the_model_does_not_know_is_flagged(make_scan):
    scan = make_scan((16, 18), (14, 12))
    scan.decomposition(**FREE)
    place = (slice(5, 8), slice(10, 13), slice(2, 4), slice(6, 8))
    scan.data[place] += np.random.default_rng(1).poisson(80.0, scan.data[place].shape)
    residual = scan.get_decomposition_residual(refit="loadings")
    assert residual.flagged.data[place[:2]].all()
    assert "smoothed wider than the probe" in residual.summary()
    far = residual.flagged.data.copy()
    far[3:10, 8:15] = False
    assert np.count_nonzero(far) <= 3
    mean = residual.pattern.data
    assert mean[place[2:]].min() > 5 * np.abs(np.delete(mean, (2, 3), axis=0)).std()


@pytest.mark.parametrize("chunks", [(16, 18, 14, 12), (5, 7, 14, 12), (7, 18, 5, 12)])
@pytest.mark.parametrize("refit", ["both", "loadings", None])
def test_lazy_is_eager_whatever_the_chunks(decomposed, chunks, refit):
    eager = decomposed()
    lazy = eager.as_lazy()
    lazy.data = lazy.data.rechunk(chunks)
    expected = eager.get_decomposition_residual(refit=refit)
    residual = lazy.get_decomposition_residual(refit=refit)
    for name in ("chi_square", "probability", "pattern", "chi_square_pattern"):
        assert getattr(residual, name)._lazy, name
    residual.compute()
    for name in ("chi_square", "probability", "flagged", "pattern"):
        one, other = (getattr(r, name) for r in (residual, expected))
        assert type(one) is type(other)
        np.testing.assert_allclose(one.data, other.data, rtol=1e-6, atol=1e-8)
    assert residual.summary() == expected.summary()


def test_masked_takes_no_part(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    positions, pixels = np.zeros((8, 6), bool), np.zeros((12, 10), bool)
    positions[1, 2] = pixels[3:5, 4] = True
    scan.data[2, 1] = 500
    scan.decomposition(**QUICK, navigation_mask=positions, signal_mask=pixels)
    one = scan.get_decomposition_residual()
    scan.data[2, 1] = 0
    scan.data[..., 3:5, 4] = 10_000
    other = scan.get_decomposition_residual()
    for name, mask in (("chi_square", positions.T), ("pattern", pixels)):
        np.testing.assert_array_equal(np.isnan(getattr(one, name).data), mask)
        np.testing.assert_array_equal(
            getattr(one, name).data, getattr(other, name).data
        )
    assert not one.flagged.data[2, 1]
    assert one.parameters["n_positions"] == 47


def test_axes_are_those_of_the_signal(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.axes_manager[0].scale = 0.4
    scan.axes_manager[0].units = "nm"
    scan.decomposition(**QUICK)
    residual = scan.get_decomposition_residual()
    assert residual.chi_square.axes_manager[0].scale == 0.4
    assert residual.chi_square.axes_manager[0].units == "nm"
    assert residual.pattern.axes_manager[-1].units == "1/nm"
    assert residual.pattern.metadata.Signal.signal_type == "electron_diffraction"


@pytest.mark.parametrize("navigation", [(40,), (3, 5, 6)], ids=["line", "volume"])
@pytest.mark.parametrize("signal", [(60,), (12, 10)], ids=["spectra", "images"])
def test_any_number_of_axes(make_scan, navigation, signal):
    scan = make_scan(navigation, signal)
    scan.decomposition(**QUICK)
    residual = scan.get_decomposition_residual()
    assert residual.chi_square.data.shape == navigation
    assert residual.pattern.data.shape == signal
    assert residual.plot().axes


def test_all_zero_patterns_are_no_failure(make_scan):
    scan = make_scan()
    scan.data[2:4, 3] = 0
    scan.decomposition(**FREE)
    residual = scan.get_decomposition_residual(smoothing=None)
    assert not residual.flagged.data[2:4, 3].any()
    assert np.isfinite(residual.probability.data).all()


@pytest.mark.parametrize("algorithm", ["SVD", "NMF"])
@pytest.mark.parametrize("centre", [None, "navigation"])
def test_other_algorithms(make_scan, algorithm, centre):
    scan = make_scan((16, 18), (14, 12))
    if algorithm != "SVD" and centre:
        pytest.skip("only SVD is centred on demand")
    scan.decomposition(
        algorithm=algorithm, output_dimension=3, centre=centre, print_info=False
    )
    residual = scan.get_decomposition_residual()
    assert abs(residual.chi_square.data.mean() - 1) < 0.03


def scaled(data):
    return data * 12.5


def gained(data):
    gain = np.random.default_rng(3).uniform(0.3, 3, data.shape[-2:])
    return 2 * data * gain


def expected_only(data):
    maps, patterns = make_components((16, 18), (14, 12))
    return 2e3 * np.tensordot(maps, patterns, axes=(0, 0))


@pytest.mark.parametrize("change", [scaled, gained, expected_only])
def test_data_that_are_no_counts_are_refused(make_scan, change):
    scan = make_scan((16, 18), (14, 12))
    scan.data = change(scan.data)
    scan.decomposition(**FREE)
    with pytest.raises(ValueError, match="not Poisson counts"):
        scan.get_decomposition_residual()


def test_negative_data_are_refused(make_scan):
    scan = make_scan((16, 18), (14, 12))
    scan.data = scan.data - 4.0
    scan.decomposition(algorithm="SVD", output_dimension=4, print_info=False)
    with pytest.raises(ValueError, match="negative"):
        scan.get_decomposition_residual()


def test_gain_is_estimated_and_makes_them_counts(decomposed, make_scan):
    counts = decomposed()
    scan = make_scan((16, 18), (14, 12))
    scan.data = scaled(scan.data)
    scan.decomposition(**FREE)
    with pytest.raises(ValueError) as error:
        scan.get_decomposition_residual()
    estimate = float(str(error.value).split("gain=")[1].split()[0])
    assert estimate == pytest.approx(1 / 12.5, rel=0.15)
    residual = scan.get_decomposition_residual(gain=1 / 12.5)
    expected = counts.get_decomposition_residual()
    np.testing.assert_allclose(
        residual.chi_square.data, expected.chi_square.data, rtol=1e-3
    )


def test_variance_may_be_given(decomposed):
    scan = decomposed()
    model = scan.get_decomposition_model().data
    mean = np.maximum(model, 0.1)
    given_array = scan.get_decomposition_residual(variance=mean)
    signal = scan._deepcopy_with_new_data(mean)
    given_signal = scan.get_decomposition_residual(variance=signal)
    given_function = scan.get_decomposition_residual(
        variance=lambda m: np.maximum(m, 0.1), refit=None
    )
    assert abs(given_array.chi_square.data.mean() - 1) < 0.03
    assert abs(given_function.chi_square.data.mean() - 1) < 0.03
    np.testing.assert_array_equal(
        given_array.chi_square.data, given_signal.chi_square.data
    )
    halved = scan.get_decomposition_residual(variance=2 * mean)
    np.testing.assert_allclose(
        2 * halved.chi_square.data, given_array.chi_square.data, rtol=1e-9
    )


BAD = {
    "refit": ({"refit": "all"}, ValueError, "refit"),
    "significance": ({"significance": 0}, ValueError, "significance"),
    "gain": ({"gain": -1}, ValueError, "gain"),
    "gain text": ({"gain": "2"}, ValueError, "gain"),
    "both": ({"gain": 1, "variance": 2.0}, ValueError, "not both"),
    "variance": ({"variance": np.ones((3, 3))}, ValueError, "variance has shape"),
    "smoothing": ({"smoothing": 3}, TypeError, "smoothing"),
    "size": ({"smoothing": GaussianSmoothing(size=99)}, ValueError, "kernel"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_change_nothing(decomposed, snapshot, case):
    arguments, error, message = BAD[case]
    scan = decomposed()
    before = snapshot(scan)
    with pytest.raises(error, match=message):
        scan.get_decomposition_residual(**arguments)
    assert snapshot(scan) == before


def test_not_decomposed(make_scan, decomposed):
    with pytest.raises(RuntimeError, match="not been decomposed"):
        make_scan().get_decomposition_residual()
    with pytest.raises(RuntimeError, match="not been decomposed"):
        decomposed().inav[:5].get_decomposition_residual()
    cropped = decomposed()
    cropped.crop(0, 1, 9)
    with pytest.raises(ValueError, match="cropped"):
        cropped.get_decomposition_residual()
    with pytest.raises(RuntimeError, match="no residual"):
        get_residual(decomposed())


def test_the_data_stay_as_they_are(decomposed):
    scan = decomposed()
    before = scan.data.copy()
    scan.get_decomposition_residual()
    np.testing.assert_array_equal(scan.data, before)


def test_an_empty_component_takes_no_part(decomposed):
    scan = decomposed()
    expected = scan.get_decomposition_residual()
    results = scan.learning_results
    for name in ("factors", "loadings"):
        stack = getattr(results, name)
        more = np.ones((len(stack), 1)) if name == "factors" else stack[:, :1] * 0
        setattr(results, name, np.hstack([stack, more]))
    residual = scan.get_decomposition_residual()
    np.testing.assert_allclose(
        residual.chi_square.data, expected.chi_square.data, rtol=1e-9
    )


def test_few_counts_and_a_rare_phase_are_no_reason_to_flag():
    scan, truth = hspy_cnmf.data.four_phases(
        detector_shape=(64, 64), dose=1e3, random_state=0, return_truth=True
    )
    scan.decomposition(**QUICK | {"output_dimension": 4, "max_iter": 2})
    results = scan.learning_results
    results.factors = truth.factors.data.reshape(4, -1).T.astype(float)
    results.loadings = truth.loadings.data.reshape(4, -1).T.astype(float)
    assert scan.get_decomposition_residual().n_flagged <= 6


def test_an_undetected_phase_is_flagged():
    scan, truth = hspy_cnmf.data.four_phases(
        detector_shape=(64, 64), random_state=1, return_truth=True
    )
    scan.decomposition(**QUICK | {"output_dimension": 3, "max_iter": 100})
    residual = scan.get_decomposition_residual()
    flagged = residual.flagged.data
    strong = [image > 0.5 * image.max() for image in truth.loadings.data[1:]]
    shares = [flagged[image].mean() for image in strong]
    assert max(shares) > 0.5
    missing = truth.factors.data[1 + int(np.argmax(shares))]
    pattern = residual.flagged_pattern(scan).data
    assert np.corrcoef(missing.ravel(), pattern.ravel())[0, 1] > 0.7


def times(scan, factor):
    scan.data = scan.data * factor


def clipped(scan, level):
    scan.data = np.maximum(scan.data - level, 0)


@pytest.mark.parametrize(
    "change, amount", [(times, 1.25), (clipped, 4)], ids=["scaled", "clipped"]
)
def test_data_that_only_look_like_counts_are_named(make_scan, change, amount):
    scan = make_scan((16, 18), (14, 12), counts=2e3)
    change(scan, amount)
    scan.decomposition(**FREE)
    summary = scan.get_decomposition_residual().summary()
    for cause in ("multiplied by a number (give gain=)", "set to zero", "8 bits"):
        assert cause in summary


def test_less_scatter_than_that_of_counts_is_named(make_scan):
    scan = make_scan((16, 18), (14, 12), counts=2e3)
    scan.data = scan.data * 0.8
    scan.decomposition(**FREE)
    assert "less scatter" in scan.get_decomposition_residual().summary()


def test_widths_of_the_smoothing_are_in_the_units_of_the_scan(decomposed):
    scan, scaled = decomposed(), decomposed()
    for axis in scaled.axes_manager.navigation_axes:
        axis.scale = 0.2
    one = scan.get_decomposition_residual(smoothing=GaussianSmoothing(fwhm=2.0))
    other = scaled.get_decomposition_residual(smoothing=GaussianSmoothing(fwhm=0.4))
    np.testing.assert_allclose(other.probability.data, one.probability.data)
