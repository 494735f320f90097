"""Places of panels: inside the figure, and none over another."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.figures.cluster_places import Places


def apart(one, other):
    """Return whether two rectangles share no area."""
    (a, b, width, height), (c, d, w, h) = one, other
    tiny = 1e-9
    return (
        a + width <= c + tiny or c + w <= a + tiny
        or b + height <= d + tiny or d + h <= b + tiny
    )  # fmt: skip


@given(
    st.lists(st.floats(0.4, 4), min_size=1, max_size=3),
    st.integers(1, 12),
    st.integers(1, 8),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_nothing_lies_over_anything_and_all_is_inside(aspects, most, n_groups, ticks):
    names = ("mean", "map", "particle")
    panels = dict(zip(names, aspects, strict=False))
    with_ticks = ["mean"] if ticks else []
    places = Places.from_aspects(
        panels, with_ticks, aspects[0], most, n_groups, len(panels)
    )
    n_members = min(most, places.member_grid[0] * places.member_grid[1])
    rectangles = [places.bar(k) for k in range(len(panels))]
    for row in range(n_groups):
        rectangles += [places.panel(name, row) for name in panels]
        rectangles += [places.member(k, row) for k in range(n_members)]
    assert all(apart(*pair) for pair in combinations(rectangles, 2))
    width, height = places.size
    for left, top, w, _ in rectangles:
        assert left >= 0 and top >= 0 and left + w <= width
    lowest = max(top + h for _, top, _, h in rectangles[len(panels) :])
    assert lowest <= height + 1e-9
