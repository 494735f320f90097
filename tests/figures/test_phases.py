"""The figure of phases: a map, and patterns with circles."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tests.helpers import crystals
from tests.helpers.crystals import FAST, identified


def test_positions_have_the_colour_of_their_phase():
    found = identified()
    figure = found.plot()
    image = np.asarray(figure.axes[0].images[0].get_array())
    numbers = found.to_crystal_map(1).phase_id.reshape(image.shape[:2])
    bare = image[numbers < 0]
    assert np.ptp(bare, axis=0).max() == 0
    for number in (0, 1):
        colour = np.array(to_rgb(found.phases[number].color))
        brightest = image[numbers == number].min(axis=0)
        assert (np.argsort(brightest) == np.argsort(colour)).all()
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["alpha-Fe", "gamma-Fe"]


def test_circles_lie_on_the_spots():
    found = identified()
    group = int(found.clusters.labels.data[1])
    figure = found.plot([group])
    circles = np.asarray(figure.axes[1].collections[0].get_offsets())
    step = found.clusters.radial_step
    for spot in found.clusters.spots()[group]:
        x, y = (
            (spot[name] - (size - 1) / 2) * step
            for name, size in zip(("column", "row"), crystals.SHAPE[::-1], strict=True)
        )
        assert np.hypot(*(circles - [x, y]).T).min() < 0.7 * step
    assert figure.axes[1].get_title().startswith(f"group {group}: alpha-Fe")
    glass = int(found.clusters.labels.data[0])
    with pytest.raises(ValueError, match="none of the candidates"):
        found.reflections(glass)
    with pytest.raises(IndexError, match="counted from 0"):
        found.reflections(99)


def test_without_maps_there_are_patterns_only():
    clusters = crystals.clustered(crystals.patterns_of())
    found = clusters.identify_phases(crystals.candidates()[:1], **FAST)
    assert len(found.plot().axes[0].collections) == 1
