"""Figures of maps of domains and of their parts."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf.figures.domains import (
    plot_domain_factors,
    plot_domain_maps,
    plot_latent_space,
)

SHORT = {
    "n_repeats": 2,
    "max_rounds": 1,
    "random_state": 0,
    "print_info": False,
}


@pytest.fixture(scope="module")
def mapped():
    """Return a mapped scan of which a row is masked, and its map."""
    scan = hspy_cnmf.data.layered_domains(
        (10, 12), detector_shape=(32, 32), n_variants=2, n_cells=4, random_state=0
    )
    mask = np.zeros((12, 10), bool)
    mask[:, 0] = True
    return scan, scan.map_domains(3, navigation_mask=mask, **SHORT)


@pytest.mark.parametrize("dimension", [1, 3])
def test_latent_spaces_of_other_dimensions_are_drawn(mapped, dimension):
    options = SHORT | {"latent_dimension": dimension}
    domains = hspy_cnmf.map_domains(mapped[0], 2, **options)
    points, decoded = plot_latent_space(domains).axes
    assert len(points.collections[0].get_offsets()) == 120
    if dimension == 1:
        assert points.get_ylabel() == "confidence"
    else:
        spread = domains.latent.data.reshape(-1, dimension).var(axis=0)
        first, second = sorted(np.argsort(spread)[-2:])
        assert points.get_xlabel() == f"coordinate {first}"
        assert points.get_ylabel() == f"coordinate {second}"
    n_rows = 1 if dimension == 1 else 7
    assert decoded.images[0].get_array().shape == (n_rows * 32, 7 * 32)


def test_factors_of_some_domains_are_drawn(mapped):
    domains = mapped[1]
    figure = plot_domain_factors(domains, [2])
    drawn = [ax.get_title() for ax in figure.axes if ax.images]
    assert [title.split(":")[0] for title in drawn] == ["domain 2"]


def test_labels_and_confidence_are_those_of_the_map(mapped):
    _, domains = mapped
    labels, confidence = plot_domain_maps(domains).axes[:2]
    shown = np.ma.filled(labels.images[0].get_array(), np.nan)
    expected = np.where(domains.labels.data < 0, np.nan, domains.labels.data)
    np.testing.assert_array_equal(shown, expected)
    sure = np.ma.filled(confidence.images[0].get_array(), np.nan)
    np.testing.assert_allclose(sure, domains.confidence.data)
    assert confidence.images[0].get_clim() == (1 / 3, 1)
    told = "domains (cannot tell)" if domains.doubts else "domains"
    assert labels.get_title() == told


def test_shares_of_domains_sum_to_all(mapped):
    _, domains = mapped
    titles = [ax.get_title() for ax in plot_domain_factors(domains).axes if ax.images]
    shares = [float(title.split(": ")[1].rstrip(" %")) for title in titles]
    assert sum(shares) == pytest.approx(100, abs=0.2)


def test_all_parts_are_in_one_figure_of_ones_own(mapped):
    figure = plt.figure()
    assert mapped[1].plot(figure=figure) is figure
    assert len(figure.subfigs) == 3 and len(figure.get_axes()) >= 3 + 3 + 2
    figure.canvas.draw()


def test_decoded_patterns_have_the_proportions_of_the_detector():
    scan = hspy_cnmf.data.layered_domains(
        (8, 9), detector_shape=(32, 32), n_variants=2, n_cells=4, random_state=0
    ).isig[:, 8:24]
    domains = scan.map_domains(2, **SHORT)
    _, decoded = plot_latent_space(domains).axes
    # There are as many along each axis.
    assert decoded.get_box_aspect() == pytest.approx(16 / 32)
