"""What a coarser lattice explains as well is not told from it."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.phases.coarser_lattice import (
    as_shown,
    n_between,
    unshown,
    unshown_distances,
    unshown_order,
)
from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.verdict import NONE, UNDECIDED, Verdict
from tests.phases.test_spot_matching import matcher
from tests.phases.test_verdict import matched

PATTERN, MATCH = matched()
LATTICE = matcher("alpha-Fe").reflections


def showing(kept):
    """Return the match where only some reflections are seen, by their indices."""
    seen = kept(LATTICE.hkl[MATCH.reflection])
    return replace(MATCH, reflection=np.where(seen, MATCH.reflection, -1))


def test_a_crystal_that_shows_its_lattice_is_named():
    assert not len(unshown(MATCH, LATTICE.hkl))
    assert not len(unshown_distances(MATCH, LATTICE))


@pytest.mark.parametrize("ratio", [2, 3])
def test_reflections_of_a_coarser_lattice_alone_do_not_show_it(ratio):
    hkl = ratio * np.array([[1, 1, 0], [1, -1, 0], [-1, -1, 0], [-1, 1, 0]])
    hkl = np.concatenate([hkl, [[1, 1, 0]]])
    few = replace(MATCH, reflection=np.arange(4), amplitudes=np.ones(5))
    # All but the last are seen, which a cell that much smaller does not have.
    assert unshown(few, hkl).tolist() == [4]
    assert not len(unshown(replace(few, reflection=np.arange(5)), hkl))
    assert not len(unshown(replace(few, amplitudes=np.array([1, 1, 1, 1, 0])), hkl))


def test_reflections_out_of_the_plane_that_is_seen_are_not_asked_for():
    hkl = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 1], [2, 0, 0]])
    few = replace(MATCH, reflection=np.array([0, 1]), amplitudes=np.ones(4))
    assert not len(unshown(few, hkl))


@pytest.mark.parametrize("order, is_asked_for", [(0.05, True), (0.2, False)])
def test_order_that_no_spot_shows_is_asked_for_in_any_plane(order, is_asked_for):
    # Along [111] an ordered b.c.c. crystal has the spots of the disordered one.
    in_plane = [[1, -1, 0], [0, 1, -1], [-1, 0, 1], [-1, 1, 0]]
    others = [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    ordered = Reflections(
        np.array(in_plane + others),
        np.array(in_plane + others) / 2.9,
        np.array([1.0] * 4 + [order] * 2 + [1.0]),
    )
    few = replace(MATCH, reflection=np.arange(4), amplitudes=np.ones(7))
    assert not len(unshown(few, ordered.hkl))
    assert unshown_order(few, ordered).tolist() == ([4, 5] if is_asked_for else [])
    if is_asked_for:
        assert unshown_distances(few, ordered) == pytest.approx([2.9])
    seen = replace(few, reflection=np.arange(5))
    assert not len(unshown_order(seen, ordered))


def test_it_is_not_distinguishable_from_the_coarser_one():
    # 200, 020, 220: of a square lattice of half the area.
    few = showing(lambda hkl: (hkl % 2 == 0).all(axis=1))
    assert 4 <= few.n_explained < MATCH.n_explained
    named = Verdict("iron", 0, None, np.inf)
    crystal = Crystal(0, np.arange(len(PATTERN)), PATTERN, [few], named)
    found = as_shown([crystal], [LATTICE])[0].verdict
    assert (found.word, found.best, found.second) == (UNDECIDED, 0, None)
    assert unshown_distances(few, LATTICE)[0] == pytest.approx(2.866 / 2**0.5, abs=0.01)
    shown = replace(crystal, matches=[MATCH])
    assert as_shown([shown], [LATTICE])[0] is shown
    nothing = replace(crystal, matches=[], verdict=Verdict("none of these"))
    assert as_shown([nothing], [LATTICE])[0] is nothing


def test_with_spots_between_its_reflections_it_is_an_ordered_crystal():
    places = MATCH.places[MATCH.reflection]
    half = np.concatenate([PATTERN.places, places[:4] / 2])
    wide = [np.resize(values, len(half)) for values in (PATTERN.errors, PATTERN.widths)]
    pattern = replace(
        PATTERN,
        places=half,
        errors=wide[0],
        amplitudes=np.resize(PATTERN.amplitudes, len(half)),
        widths=wide[1],
    )
    match = replace(MATCH, reflection=np.append(MATCH.reflection, [-1] * 4))
    named = Verdict("iron", 0, None, np.inf)
    crystal = Crystal(0, np.arange(len(pattern)), pattern, [match], named)
    (alone,) = as_shown([crystal], [LATTICE])
    assert alone.verdict.word == NONE
    # But they may be those of a second crystal.
    assert as_shown([crystal, crystal], [LATTICE]) == [crystal, crystal]


#: Indices of spots between iron's own: odd sums of indices, and thirds.
HALVES = ((1, 0, 0), (0, 1, 0), (2, 1, 0), (-1, 0, 0))
THIRDS = ((1 / 3, 1 / 3, 0), (2 / 3, 2 / 3, 0), (-1 / 3, 1 / 3, 0), (4 / 3, 0, 0))


def between_all(indices=HALVES):
    """Return iron's pattern with spots between its own, and its match."""
    extra = np.array(indices) / 2.866
    places = np.concatenate([PATTERN.places, (extra @ MATCH.matrix.T)[:, :2]])
    others = ("errors", "amplitudes", "widths")
    more = {name: np.resize(getattr(PATTERN, name), len(places)) for name in others}
    pattern = replace(PATTERN, places=places, **more)
    match = replace(MATCH, reflection=np.append(MATCH.reflection, [-1] * 4))
    return pattern, match


@pytest.mark.parametrize("indices", [HALVES, THIRDS])
def test_spots_between_are_counted_wherever_others_are_found(indices):
    pattern, match = between_all(indices)
    assert n_between(pattern, match, LATTICE) == 4
    assert n_between(PATTERN, MATCH, LATTICE) == 0
    few = np.arange(len(pattern)) >= len(PATTERN) - 2
    seen = replace(match, reflection=match.reflection[few])
    assert n_between(pattern[few], seen, LATTICE) == 4


def test_others_of_a_phase_may_be_ordered_where_one_is():
    pattern, match = between_all()
    named = Verdict("iron", 0, None, np.inf)
    ordered = Crystal(0, np.arange(len(pattern)), pattern, [match], named)
    plain = Crystal(1, np.arange(len(PATTERN)), PATTERN, [MATCH], named)
    other = Crystal(
        2, plain.indices, PATTERN, [MATCH, MATCH], Verdict("copper", 1, None, 9.0)
    )
    found = as_shown([ordered, plain, other], [LATTICE, LATTICE])
    assert [one.verdict.word for one in found] == [NONE, UNDECIDED, "copper"]
