"""Bad input: the argument, the value, the remedy; and nothing has happened."""

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signal import BaseSignal

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import AzimuthalFloor, GaussianSmoothing, RadialFloor
from tests.conftest import QUICK


def put(value, *index):
    """Return a change of a scan's data: a value at an index in array order."""

    def change(scan):
        data = np.array(scan.data)
        data[index or (1, 2, 3, 4)] = value
        scan.data = da.from_array(data, scan.data.chunks) if scan._lazy else data

    return change


def everything(function):
    def change(scan):
        scan.data = function(scan.data)

    return change


def nothing(scan):
    """Leave the data alone."""


ALL = np.ones((8, 6), dtype=bool)
ONE_LEFT = ALL.copy()
ONE_LEFT[2, 3] = False

#: What is done to the data, arguments, exception and words of its message.
CASES = {
    "counts that overflow": (
        everything(lambda data: data * 1e18),
        {},
        ValueError,
        "rescale",
    ),
    "a class for a constraint": (
        nothing,
        {"factor_constraint": RadialFloor},
        TypeError,
        "factor_constraint",
    ),
    "infinite starting loadings": (
        nothing,
        {"init": np.full((3, 8, 6), np.inf)},
        ValueError,
        "init",
    ),
    "a negative seed": (nothing, {"random_state": -5}, ValueError, "random_state"),
    # the data
    "NaN": (put(np.nan), {}, ValueError, "1 values that are NaN.*(2, 1).*(4, 3).*mask"),
    "infinity": (put(np.inf, 0, 7), {}, ValueError, "120 values .*infinite.*(7, 0)"),
    "negative": (put(-3.5), {}, ValueError, "1 negative values.*-3.5.*clip.*mask"),
    "zeros": (everything(lambda d: d * 0), {}, ValueError, "zero everywhere"),
    "complex": (everything(lambda d: d + 1j), {}, TypeError, "complex128.*s.real"),
    "objects": (everything(lambda d: d.astype(object)), {}, TypeError, "change_dtype"),
    "text": (everything(lambda d: d.astype("U3")), {}, TypeError, "real numbers.*U3"),
    # the number of components
    "no number": (nothing, {"output_dimension": None}, ValueError,
                  "output_dimension is missing.*output_dimension=10"),
    "none": (nothing, {"output_dimension": 0}, ValueError,
             "output_dimension.*at least 1.*0"),
    "negative number": (nothing, {"output_dimension": -2}, ValueError,
                        "output_dimension.*-2"),
    "fraction": (nothing, {"output_dimension": 2.5}, ValueError,
                 "output_dimension.*integer.*2.5"),
    "a truth": (nothing, {"output_dimension": True}, ValueError,
                "output_dimension.*True"),
    "too many": (nothing, {"output_dimension": 49}, ValueError,
                 "output_dimension.*49.*48 positions.*120 pixels.*at most 48.*fewer"),
    "too many for a mask": (
        nothing,
        {"output_dimension": 3, "navigation_mask": ONE_LEFT}, ValueError,
        "output_dimension.*3.*1 positions.*at most 1"),
    # masks
    "mask transposed": (nothing, {"navigation_mask": ALL.T}, ValueError,
                        "navigation_mask.*(6, 8).*(8, 6).*navigation_shape"),
    "mask signal": (nothing, {"navigation_mask": BaseSignal(ALL).T}, ValueError,
                    "navigation_mask.*(8, 6).*(6, 8)"),
    "mask of another shape": (nothing, {"signal_mask": np.zeros((3, 3))}, ValueError,
                              "signal_mask.*(3, 3).*(12, 10)"),
    "all positions": (nothing, {"navigation_mask": ALL}, ValueError,
                      "navigation_mask excludes all 48 positions.*change the mask"),
    "all pixels": (nothing, {"signal_mask": np.ones((12, 10), bool)}, ValueError,
                   "signal_mask excludes all 120 pixels"),
    # constraints
    "unknown factor constraint": (
        nothing, {"factor_constraint": "radial"}, TypeError,
        "factor_constraint='radial'.*RadialFloor.*AzimuthalFloor.*None.*'auto'"),
    "unknown loading constraint": (
        nothing, {"loading_constraint": 3}, TypeError,
        "loading_constraint=3.*GaussianSmoothing"),
    "wrong shape": (
        nothing, {"factor_constraint": lambda w: w[:, :-1]}, ValueError,
        "factor_constraint.*(3, 11, 10).*(3, 12, 10).*same shape"),
    "a list": (nothing, {"loading_constraint": lambda h: [1]}, ValueError,
               "loading_constraint.*(1,).*(3, 6, 8)"),
    "returns NaN": (
        nothing, {"loading_constraint": lambda h: h * np.nan}, ValueError,
        "loading_constraint returned NaN or infinity"),
    "large kernel": (
        nothing, {"loading_constraint": GaussianSmoothing(size=7)}, ValueError,
        "kernel has 7 points.*6.*smaller.*loading_constraint=None"),
    "wide probe": (nothing, {"loading_constraint": GaussianSmoothing(fwhm=50)},
                   ValueError, "kernel.*smaller fwhm"),
    "kernel of other dimensions": (
        nothing, {"loading_constraint": GaussianSmoothing(fwhm=(1, 1, 1))}, ValueError,
        "fwhm=(1, 1, 1).*2 dimensions"),
    "center outside": (nothing, {"factor_constraint": RadialFloor(center=(50, 3))},
                       ValueError, "(50, 3).*outside.*(12, 10)"),
    # the solver
    "solver": (nothing, {"solver": "mu"}, ValueError, "solver.*'als'.*'hals'.*'mu'"),
    "init": (nothing, {"init": "nndsvd"}, ValueError, "init.*'random'.*nndsvd"),
    "init shape": (nothing, {"init": np.ones((2, 48))}, ValueError,
                   "init.*(3, 6, 8).*(2, 48)"),
    "n_init": (nothing, {"n_init": 0}, ValueError, "n_init.*at least 1.*0"),
    "max_iter": (nothing, {"max_iter": 0}, ValueError, "max_iter.*at least 1.*0"),
    "tol": (nothing, {"tol": -1}, ValueError, "tol.*-1"),
    "tol text": (nothing, {"tol": "small"}, (TypeError, ValueError), "tol.*'small'"),
    "rank": (nothing, {"compression": 2}, ValueError,
             "compression=2.*3 components.*'auto'"),
    "rank text": (nothing, {"compression": "strong"}, ValueError,
                  "compression.*'strong'"),
    "seed": (nothing, {"random_state": "a"}, ValueError, "random_state.*'a'"),
    "reproject": (nothing, {"reproject": "all"}, ValueError,
                  "reproject.*'navigation'.*'signal'.*'both'.*'all'"),
}  # fmt: skip


def regular_expression(words):
    plain = words.replace("(", r"\(").replace(")", r"\)").replace("[", r"\[")
    return "(?s)" + plain


@pytest.mark.parametrize("chunks", [None, (3, 4, 12, 5)], ids=["eager", "lazy"])
@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_and_nothing_is_touched(make_scan, snapshot, chunks, case):
    change, arguments, error, words = CASES[case]
    scan = make_scan(chunks=chunks)
    scan.decomposition(output_dimension=2, print_info=False)
    change(scan)
    before = snapshot(scan)
    with pytest.raises(error, match=regular_expression(words)):
        scan.decomposition(**QUICK | arguments)
    assert snapshot(scan) == before


def test_unfit_signals_are_refused():
    ragged = np.empty(4, dtype=object)
    for i in range(4):
        ragged[i] = np.arange(i + 1)
    cases = [
        (hs.signals.BaseSignal(ragged, ragged=True), TypeError, "one shape.*ragged"),
        (hs.signals.Signal2D(np.ones((6, 7))), ValueError, "navigation_size < 2"),
        (hs.signals.Signal2D(np.ones((1, 6, 7))), ValueError, "s.transpose"),
        (hs.signals.BaseSignal(np.ones((6, 7))).T, ValueError, "signal_size < 2"),
    ]
    for signal, error, words in cases:
        with pytest.raises(error, match=words):
            signal.decomposition(**QUICK)


def test_a_map_too_small_for_the_default_is_not_an_error(make_scan):
    scan = make_scan((2, 2))
    scan.decomposition(**QUICK)
    assert scan.learning_results.loadings.shape == (4, 3)


@pytest.mark.parametrize("constraint", [RadialFloor(), AzimuthalFloor(radial_axis=0)])
def test_floors_are_for_patterns(make_scan, constraint):
    spectra = make_scan(signal=(20,))
    if isinstance(constraint, RadialFloor):
        with pytest.raises(ValueError, match="of two dimensions"):
            spectra.decomposition(**QUICK, factor_constraint=constraint)
    else:
        spectra.decomposition(**QUICK, factor_constraint=constraint)
        assert spectra.learning_results.factors.shape == (20, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RadialFloor(outlier_ratio=0.5), "outlier_ratio.*at least 1.*0.5"),
        (lambda: AzimuthalFloor(outlier_ratio=np.nan), "outlier_ratio.*nan"),
        (lambda: GaussianSmoothing(fwhm=-1), "fwhm.*-1"),
        (lambda: GaussianSmoothing(fwhm=(1, np.inf)), "fwhm.*inf"),
        (lambda: GaussianSmoothing(size=4), "size.*odd.*4"),
        (lambda: GaussianSmoothing(size=0), "size.*odd.*0"),
    ],
)
def test_constraints_check_their_parameters(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_rounding_is_not_an_error(make_scan):
    scan = make_scan(dtype="float32")
    scan.data[0, 0, 0, 0] = -1e-7 * scan.data.max()
    scan.decomposition(**QUICK)
    assert (scan.learning_results.loadings >= 0).all()


def test_bad_data_under_a_mask_matter_only_when_reprojected(make_scan, snapshot):
    scan = make_scan()
    put(np.nan)(scan)
    mask = np.zeros((8, 6), dtype=bool)
    mask[2, 1] = True
    scan.decomposition(**QUICK, navigation_mask=mask)
    before = snapshot(scan)
    with pytest.raises(ValueError, match=r"NaN.*\(2, 1\)"):
        scan.decomposition(**QUICK, navigation_mask=mask, reproject="navigation")
    assert snapshot(scan) == before


def test_an_estimator_with_bad_parameters_stays_unfitted(make_scan):
    estimator = ConstrainedNMF(3, solver="mu")
    with pytest.raises(ValueError, match="solver"):
        make_scan().decomposition(algorithm=estimator)
    assert not hasattr(estimator, "components_")
