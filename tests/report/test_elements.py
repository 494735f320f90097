"""Elements of a page: text that is no markup, tables and parts of many."""

import gc
import weakref

import matplotlib.pyplot as plt
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.report.elements import image, paragraph, parts_of, sentence, table
from hspy_cnmf.tables import Table


@given(st.integers(0, 200), st.integers(1, 30))
def test_parts_are_all_in_order_and_none_too_large(n, size):
    parts = parts_of(n, size)
    assert all(0 < len(part) <= size for part in parts)
    joined = [int(i) for part in parts for i in part]
    assert joined == list(range(n))


def test_text_is_no_markup():
    assert paragraph("<b>") == "<p>&lt;b&gt;</p>"
    assert sentence("it is so") == "It is so."
    rows = Table.from_columns(
        name=["<i>", "b"], pca_error=[1.5, np.nan], seen=[True, False]
    )
    page = table(rows, "<u>", chosen=[False, True])
    assert "<i>" not in page and "<u>" not in page and "&lt;i&gt;" in page
    assert "PCA error" in page and "yes" in page and "–" in page
    assert page.count('class="chosen"') == 1


def test_images_are_embedded_and_their_figures_closed():
    figure = plt.figure()
    page = image(figure, "A caption", 'An "alternative"')
    assert "data:image/" in page and "A caption" in page and "&quot;" in page
    assert not plt.get_fignums()


def test_figures_of_large_maps_do_not_stay_in_memory():
    def draw():
        figure, ax = plt.subplots(figsize=(2, 2))
        ax.imshow(np.zeros((800, 800)))
        image(figure, "A caption", "A map")
        return weakref.ref(figure)

    gc.disable()
    try:
        first = draw()
        draw()
        assert first() is None
    finally:
        gc.enable()
