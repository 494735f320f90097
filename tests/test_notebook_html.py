"""Results in notebooks: words, pictures that are small, and a table."""

import re
from base64 import b64decode
from io import BytesIO

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.image import imread

from hspy_cnmf.notebook_html import MOST_PICTURES, MOST_POINTS, Picture, notebook_html
from hspy_cnmf.tables import Table


def images_in(text):
    """Return the pictures in a text as arrays."""
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    return [imread(BytesIO(b64decode(image))) for image in found]


def shown(values, **appearance):
    """Return the only picture of a result."""
    (image,) = images_in(notebook_html("", "", [Picture("map", values, **appearance)]))
    return image[..., :3]


@given(
    hnp.arrays(
        st.sampled_from([float, np.float32, np.int16, np.uint8]),
        hnp.array_shapes(min_dims=1, max_dims=2, max_side=120),
    )
)
def test_any_map_is_a_small_picture(values):
    image = shown(values)
    assert max(image.shape[:2]) <= MOST_POINTS


@given(hnp.arrays(float, st.tuples(*[st.integers(1, 9)] * 4)))
def test_more_dimensions_are_their_mean(values):
    assert shown(values).shape[:2] == values.shape[-2:]


def test_what_is_masked_is_grey_and_the_brightest_is_the_last_colour():
    values = np.arange(12.0).reshape(3, 4)
    values[0, 0] = np.nan
    image = shown(values)
    np.testing.assert_allclose(image[0, 0], 0.6, atol=0.01)
    last = matplotlib.colormaps["viridis"](1.0)[:3]
    np.testing.assert_allclose(image[-1, -1], last, atol=0.01)


def test_whole_numbers_are_those_of_colours():
    image = shown(np.array([[0, 1, 2, 10, -1]]), colormap="tab10")
    tab10 = matplotlib.color_sequences["tab10"]
    np.testing.assert_allclose(image[0, :4], [*tab10[:3], tab10[0]], atol=0.01)
    np.testing.assert_allclose(image[0, 4], 0.6, atol=0.01)


def test_a_bright_point_of_a_large_map_is_seen():
    values = np.zeros((500, 400))
    values[300:310, 100:110] = 1
    image = shown(values)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 1


def test_many_pictures_of_noise_are_light():
    noise = np.random.default_rng(0).random((50, 256, 256))
    text = notebook_html("", "", [Picture(f"map {k}", v) for k, v in enumerate(noise)])
    assert len(images_in(text)) == MOST_PICTURES
    assert len(text) < 60_000


@pytest.mark.parametrize("place", ["name", "summary", "caption"])
def test_nothing_is_markup(place):
    given = {"name": "", "summary": "", "caption": ""} | {place: "<b>&"}
    picture = Picture(given["caption"], np.eye(3))
    text = notebook_html(given["name"], given["summary"], [picture])
    assert "&lt;b&gt;&amp;" in text and "<b>" not in text


def test_the_table_is_below():
    table = Table.from_columns(number=[1])
    text = notebook_html("Name", "words", table=table)
    assert text.endswith(table._repr_html_()) and "words" in text
