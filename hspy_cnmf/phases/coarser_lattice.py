"""Whether spots show the lattice of a candidate, and not a coarser or a finer one."""

from dataclasses import replace
from itertools import product

import numpy as np

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import Match, rings_of
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.spot_matching import REACH
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.verdict import NONE, Verdict

#: Ratios of the sizes of a candidate's cell and of one with fewer reflections: by twos
#: and threes one comes to nearly all that are published.
_RATIOS = (2, 3)

#: Amplitude of the brightest reflection that tells order, as a part of that of the
#: others: 0.11 to 0.3 in ordered alloys, above a half in perovskites.
_FAINT_ORDER = 0.35

#: Shortest reflection in 1/Å of a simple cubic lattice with one atom in its cell.
_ONE_ATOM = 0.27

#: Reflections of an order are seen so far, in 1/Å, from the plane across the beam.
_OUT_OF_PLANE = 0.05


def unshown(match: Match, hkl: np.ndarray) -> np.ndarray:
    """Return reflections, by number, that tell a candidate from a coarser lattice.

    Where all spots are reflections of a structure with a smaller cell, too (of the
    disordered crystal, of an ordered one), nothing that is seen speaks for the
    candidate's own. Those in the plane of what is seen should tell.

    Parameters
    ----------
    match : Match
        How the candidate explains a pattern.
    hkl : numpy.ndarray of int, shape (n_reflections, 3)
        Miller indices of its reflections.

    Notes
    -----
    Indices of all lattices in which every second, or every third, reflection of the
    candidate's is one obey :math:`u h + v k + w l = 0` modulo 2 or 3.
    """
    seen = hkl[np.unique(match.reflection[match.reflection >= 0])]
    in_plane = (match.amplitudes > 0) & _spanned(hkl, seen)
    only_finer = np.zeros(len(hkl), dtype=bool)
    for ratio in _RATIOS:
        planes = np.array([*product(range(ratio), repeat=3)])
        coarser = (seen @ planes.T % ratio == 0).all(axis=0)
        only_finer |= (hkl @ planes[coarser].T % ratio != 0).any(axis=1)
    return np.flatnonzero(in_plane & only_finer)


def unshown_order(match: Match, lattice: Reflections) -> np.ndarray:
    """Return reflections, by number, of the order of a candidate, if none is seen.

    Where those off a coarser lattice are all faint, atoms of the candidate are nearly
    those of a smaller cell: the disordered crystal, or the undistorted one, has the
    others alone. Along many zone axes there are but these.

    Parameters
    ----------
    match : Match
        How the candidate explains a pattern.
    lattice : Reflections
        Of the candidate.
    """
    of_order = np.zeros(len(lattice.hkl), dtype=bool)
    for ratio in _RATIOS:
        planes = np.array([*product(range(ratio), repeat=3)])
        finer = lattice.hkl @ planes.T % ratio != 0
        for off in finer.T[finer.any(axis=0) & ~finer.all(axis=0)]:
            brightest = lattice.intensities[off].max()
            is_faint = brightest < _FAINT_ORDER**2 * lattice.intensities[~off].max()
            if is_faint and not _of_one_atom(lattice.vectors[~off]):
                of_order |= off
    shown = of_order[match.reflection[match.reflection >= 0]].any()
    return np.flatnonzero(of_order & ~shown)


def _of_one_atom(vectors: np.ndarray) -> bool:
    """Return whether reflections are those of a simple cubic lattice of single atoms.

    No disordered crystal has it: rock salt is taken for no ordered one.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    shortest = vectors[lengths < 1.01 * lengths.min()] / lengths.min()
    cosines = abs(shortest @ shortest.T)
    is_cubic = len(shortest) == 6 and ((cosines < 0.02) | (cosines > 0.98)).all()
    return bool(is_cubic and lengths.min() > _ONE_ATOM)


def unshown_distances(match: Match, lattice: Reflections) -> np.ndarray:
    """Return lattice distances in Å of what is not shown, brightest first."""
    which, brightness = unshown(match, lattice.hkl), match.amplitudes
    if not len(which):
        which, brightness = unshown_order(match, lattice), lattice.intensities
    order = np.argsort(-brightness[which], kind="stable")
    lengths = lattice.lengths[which[order]]
    _, first = np.unique(rings_of(lengths), return_index=True)
    return 1 / lengths[np.sort(first)]


def _spanned(hkl: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return which reflections lie in the plane, or line, of some."""
    _, lengths, directions = np.linalg.svd(seen.astype(float))
    rank = int((lengths > 1e-6 * lengths[0]).sum())
    return (abs(hkl @ directions[rank:].T) < 1e-6).all(axis=1)


def n_between(pattern: SpotPattern, match: Match, lattice: Reflections) -> int:
    """Return how many spots that are no reflections lie at halves, or thirds, of these.

    Such are those of an ordered crystal, of which the candidate is the disordered one.
    Where that many might be there by chance, as in a large cell, there are none.

    Parameters
    ----------
    pattern : SpotPattern
        What is found.
    match : Match
        How the candidate explains it.
    lattice : Reflections
        Of the candidate.
    """
    return max(_n_at_fractions(pattern, match, lattice, ratio) for ratio in _RATIOS)


def _n_at_fractions(
    pattern: SpotPattern, match: Match, lattice: Reflections, ratio: int
) -> int:
    """Return how many spots lie between reflections, at one of two or three parts."""
    rest = pattern[match.reflection < 0]
    basis = np.linalg.lstsq(lattice.hkl, lattice.vectors, rcond=None)[0]
    last = ratio * abs(lattice.hkl).max(axis=0)
    finer = np.stack(
        np.meshgrid(*(np.arange(-n, n + 1) for n in last), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    finer = finer[_obeys(finer, lattice.hkl)]
    whole = (finer % ratio == 0).all(axis=1)
    whole[whole] = _obeys(finer[whole] // ratio, lattice.hkl)
    x, y, z = (finer[~whole] / ratio @ basis @ match.matrix.T).T
    far = pattern.radii.max(initial=0.0)
    near = (abs(z) < _OUT_OF_PLANE) & (np.hypot(x, y) < 1.05 * far)
    places = np.stack([x[near], y[near]], axis=1) * (1 + match.scale_residual)
    apart = np.linalg.norm(rest.places[:, np.newaxis] - places, axis=2)
    reach = REACH * rest.errors
    by_chance = len(places) * (reach**2).sum() / max(far, 1e-12) ** 2
    there = int((apart.min(axis=1, initial=np.inf) < reach).sum())
    return there if 4 * by_chance < there else 0


def _obeys(indices: np.ndarray, hkl: np.ndarray) -> np.ndarray:
    """Return which indices, (n, 3), are of the lattice that some reflections make."""
    kept = np.ones(len(indices), dtype=bool)
    for ratio in _RATIOS:
        planes = np.array([*product(range(ratio), repeat=3)])
        of_all = planes[(hkl @ planes.T % ratio == 0).all(axis=0)]
        kept &= (indices @ of_all.T % ratio == 0).all(axis=1)
    return kept


def as_shown(crystals: list[Crystal], lattices: list[Reflections]) -> list[Crystal]:
    """Return crystals, named only if their spots show the lattice of the phase.

    With others in the middle between them, that are of no second crystal, it is an
    ordered crystal, of which the candidate is the disordered one; then other crystals
    of that phase may be, too. If spots are all of a coarser lattice, it may be the
    disordered one.

    Parameters
    ----------
    crystals : list of Crystal
        As they are judged.
    lattices : list of Reflections
        Of each candidate.
    """
    groups = [one.group for one in crystals]
    judged, ordered = [], set()
    for one in crystals:
        if one.verdict.is_phase:
            lattice = lattices[one.verdict.best]  # type: ignore[index]
            match: Match = one.best  # type: ignore[assignment]
            alone = groups.count(one.group) == 1
            if alone and is_ordered(one.pattern, match, lattice):
                ordered.add(one.verdict.best)
                one = replace(one, verdict=Verdict(NONE))
            elif not _is_shown(match, lattice):
                one = one.doubted()
        judged.append(one)
    # There is an ordered crystal, which other patterns may be, too.
    return [one.doubted() if one.verdict.best in ordered else one for one in judged]


def is_ordered(pattern: SpotPattern, match: Match, lattice: Reflections) -> bool:
    """Return whether two or more spots that are left, and half, are of an order.

    Parameters
    ----------
    pattern, match, lattice
        As for `n_between`.
    """
    n_left = int((match.reflection < 0).sum())
    return n_left >= 2 and n_between(pattern, match, lattice) >= max(2, n_left / 2)


def _is_shown(match: Match, lattice: Reflections) -> bool:
    """Return whether spots tell a candidate from a coarser lattice, and its order."""
    return not (len(unshown(match, lattice.hkl)) or len(unshown_order(match, lattice)))
