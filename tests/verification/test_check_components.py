"""Components against virtual dark-field images from their own spots."""

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import get_component_check
from hspy_cnmf.verification import check_components
from hspy_cnmf.verification.apertures import own_spots
from hspy_cnmf.verification.check_components import _components_of, _spots
from hspy_cnmf.verification.decomposed import read_model
from tests.conftest import QUICK


def test_crystals_whose_spots_are_all_shared_are_not_told_apart_by_images():
    """Where the third grain has spots, the fourth has some in most of the scan."""
    scan, truth = hspy_cnmf.data.twinned_silver(random_state=0, return_truth=True)
    small = truth.names.index("grain 3")
    scan.decomposition(
        **QUICK | {"output_dimension": 6, "max_iter": 150},
        normalize_poissonian_noise=True,
        signal_mask=hspy_cnmf.structure_mask(scan),
    )
    maps = scan.get_decomposition_loadings().data.reshape(6, -1)
    likeness = np.corrcoef(truth.loadings.data[small].ravel(), maps)[0, 1:]
    assert likeness.max() > 0.95
    check = scan.check_components()
    assert check.to_look_at.tolist() == [likeness.argmax()]
    row = check.table[likeness.argmax()]
    assert row["n_spots"] > 5 and row["n_own_spots"] == 0
    assert row["reason"].startswith("all spots are another's too")


def test_images_are_those_of_pyxem(phases):
    """The sum over the apertures is what pyxem's virtual images of circles add to."""
    scan, _ = phases
    check = scan.check_components()
    model = read_model(scan)
    spots, _ = _spots(_components_of(scan), model, None, 5.0)
    k = int(check.table["correlation"].argmax())
    own = own_spots(spots, range(4), model.loadings.std(axis=1))[k]
    axis = scan.axes_manager.signal_axes[0]
    rois = [
        hs.roi.CircleROI(
            cx=axis.offset + axis.scale * spot["column"],
            cy=axis.offset + axis.scale * spot["row"],
            r=2 * spot["width"] * axis.scale,
        )
        for spot in spots[k][own]
    ]
    seen = scan.get_virtual_image(rois).data.sum(axis=0)
    correlation = np.corrcoef(seen.ravel(), check.images.data[k].ravel())[0, 1]
    # pyxem does not take off the rings, which are fainter where a crystal is
    assert correlation > 0.97


def test_maps_are_confirmed(phases):
    scan, truth = phases
    check = scan.check_components()
    table = check.table
    assert (table["correlation"] > 0.97 * table["possible_correlation"]).all()
    assert not check.to_look_at.size
    assert (np.sort(table["n_own_spots"])[1:] >= 3).all()
    # in the units of the maps, and free of the rings of the matrix
    matrix = truth.loadings.data[1:].sum(axis=0) < 1
    for k in np.flatnonzero(table["n_own_spots"]):
        image, own = check.images.data[k], check.loadings.data[k]
        assert np.polyfit(own.ravel(), image.ravel(), 1)[0] == pytest.approx(1, abs=0.3)
        assert abs(image[matrix].mean()) < 0.01 * image.max()
    assert check.images.metadata.Signal.signal_type == "virtual_dark_field"
    assert check.images.axes_manager[1].units == "nm"


def test_a_wrong_map_is_told(phases):
    scan, _ = phases
    wrong = scan.deepcopy()
    crystals = scan.check_components().table["n_spots"] > 0
    loadings = wrong.learning_results.loadings
    indices = np.flatnonzero(crystals)
    loadings[:, indices] = loadings[:, np.roll(indices, 1)]
    check = wrong.check_components()
    assert set(indices) <= set(check.to_look_at)
    assert "not where its map is" in check.table["reason"][indices[0]]


@pytest.mark.parametrize("factor", [1e-12, 0.01, 37.5, 1e12])
def test_counts_times_a_number_are_judged_as_counts(phases, factor):
    scan = phases[0].deepcopy()
    expected = scan.check_components().table
    scan.data = scan.data * factor
    scan.learning_results.loadings = scan.learning_results.loadings * factor
    table = scan.check_components().table
    assert table["reason"].tolist() == expected["reason"].tolist()
    for name in ("correlation", "possible_correlation"):
        np.testing.assert_allclose(table[name], expected[name], atol=0.02)


def test_lazy_is_eager(phases):
    scan, _ = phases
    lazy = scan.as_lazy()
    lazy.data = lazy.data.rechunk((5, 18, 50, 128))
    one, other = scan.check_components(), lazy.check_components()
    np.testing.assert_allclose(one.images.data, other.images.data, rtol=1e-4, atol=1e-2)
    assert one.table["look_again"].tolist() == other.table["look_again"].tolist()


def test_groups(phases):
    scan, _ = phases
    scan = scan.deepcopy()
    clusters = scan.cluster_diffraction(n_clusters=3, print_info=False)
    check = scan.check_components(clusters=clusters)
    assert check.table.dtype.names[0] == "group"
    assert len(check.table) == 3
    np.testing.assert_allclose(
        check.loadings.data, clusters.loadings.data, rtol=1e-6, atol=1e-6
    )


def test_masked_positions_are_nan(make_scan):
    scan = make_scan((9, 10), (30, 30), "electron_diffraction", counts=2e4)
    mask = np.zeros((10, 9), bool)
    mask[2, 3] = True
    scan.decomposition(**QUICK, navigation_mask=mask)
    check = scan.check_components()
    assert np.isnan(check.images.data[:, 3, 2]).all()
    assert np.isfinite(np.delete(check.images.data.reshape(3, -1), 32, axis=1)).all()


def test_polar_patterns(make_scan):
    scan = make_scan((9, 10), (24, 90), "polar_diffraction", counts=2e4)
    scan.decomposition(**QUICK)
    check = scan.check_components()
    assert np.isfinite(check.images.data).all()


def test_a_single_component_is_seen_where_its_map_is():
    rows, columns = np.indices((32, 32)) - 15.5
    pattern = np.exp(-(((np.hypot(rows, columns) - 6) / 2) ** 2)) + 0.05
    for angle in np.deg2rad([20, 110, 200, 290]):
        places = rows - 10 * np.sin(angle), columns - 10 * np.cos(angle)
        pattern += 2 * np.exp(-(np.square(places).sum(axis=0)) / 2)
    wedge = np.add.outer(np.linspace(0.4, 1, 9), np.linspace(0, 0.5, 10))
    expected = 2e3 * wedge[..., np.newaxis, np.newaxis] * pattern / pattern.sum()
    scan = hs.signals.Signal2D(np.random.default_rng(0).poisson(expected))
    scan.set_signal_type("electron_diffraction")
    scan.decomposition(**QUICK | {"output_dimension": 1})
    (row,) = scan.check_components(center=(15.5, 15.5)).table
    assert row["n_spots"] == row["n_own_spots"] == 4
    assert row["correlation"] > 0.95
    assert not row["look_again"]
    # A map that is not the specimen's.
    scan.learning_results.loadings = scan.learning_results.loadings[::-1]
    (row,) = scan.check_components(center=(15.5, 15.5)).table
    assert row["look_again"]


@pytest.mark.parametrize("n_spots", [1, 2])
def test_a_component_with_few_spots_is_to_be_looked_at_again(n_spots):
    rng, n = np.random.default_rng(0), 40
    y, x = np.mgrid[:n, :n] - (n - 1) / 2
    ring = 30 * np.exp(-((np.hypot(y, x) - 9) ** 2) / 4) + 2
    places = [(4, 12), (-11, -8)][:n_spots]
    spots = sum(400 * np.exp(-((y - j) ** 2 + (x - i) ** 2) / 2) for j, i in places)
    rows, columns = np.mgrid[:14, :16]
    grain = np.exp(-((rows - 6) ** 2 + (columns - 9) ** 2) / 8)
    scan = hs.signals.Signal2D(rng.poisson(ring + grain[..., None, None] * spots))
    scan.set_signal_type("electron_diffraction")
    scan.decomposition(**QUICK | {"output_dimension": 2})
    check = scan.check_components(center=((n - 1) / 2, (n - 1) / 2))
    words = "only 1 spot" if n_spots == 1 else "only 2 spots"
    (row,) = check.table[check.table["n_spots"] == n_spots]
    assert row["look_again"] and row["reason"].split("; ")[-1] == words
    assert words in check.summary()


def test_bad_input(make_scan, phases):
    scan = make_scan(signal_type="electron_diffraction")
    with pytest.raises(RuntimeError, match="not been decomposed"):
        scan.check_components()
    scan.decomposition(**QUICK)
    with pytest.raises(ValueError, match="threshold"):
        scan.check_components(threshold=0)
    with pytest.raises(ValueError, match="min_correlation"):
        scan.check_components(min_correlation=2)
    with pytest.raises(RuntimeError, match="check_components"):
        get_component_check(scan)
    with pytest.raises(TypeError, match="clusters=3 must be what"):
        scan.check_components(clusters=3)
    with pytest.raises(ValueError, match=r"threshold must be a number.* not '5'"):
        scan.check_components(threshold="5")
    clusters = phases[0].deepcopy().cluster_diffraction(print_info=False)
    with pytest.raises(ValueError, match="other components"):
        scan.check_components(clusters=clusters)
    scan.set_signal_type("")
    with pytest.raises(TypeError, match="diffraction"):
        check_components(scan)


CHANGES = {
    "cropped": lambda scan: scan.crop(0, 0, 5),
    "cropped pixels": lambda scan: scan.crop("kx", 1, 9),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "method",
    ["check_components", "get_decomposition_residual", "get_component_fractions"],
)
def test_results_of_another_shape_are_explained_alike(make_scan, change, method):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    for axis, name in zip(scan.axes_manager.signal_axes, ("kx", "ky"), strict=True):
        axis.name = name
    CHANGES[change](scan)
    with pytest.raises(ValueError, match="cropped, rebinned or transposed afterwards"):
        getattr(scan, method)()
