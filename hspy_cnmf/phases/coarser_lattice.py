"""Whether spots show the lattice of a candidate, and not a coarser or a finer one."""

from dataclasses import replace
from itertools import product

import numpy as np

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import Match, has_spots_between, rings_of
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.verdict import NONE, UNDECIDED, Verdict

#: Ratios of the sizes of a candidate's cell and of one with fewer reflections: by twos
#: and threes one comes to nearly all that are published.
_RATIOS = (2, 3)


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


def unshown_distances(match: Match, lattice: Reflections) -> np.ndarray:
    """Return lattice distances in Å of what is not shown, brightest first."""
    which = unshown(match, lattice.hkl)
    order = np.argsort(-match.amplitudes[which], kind="stable")
    lengths = lattice.lengths[which[order]]
    _, first = np.unique(rings_of(lengths), return_index=True)
    return 1 / lengths[np.sort(first)]


def _spanned(hkl: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return which reflections lie in the plane, or line, of some."""
    _, lengths, directions = np.linalg.svd(seen.astype(float))
    rank = int((lengths > 1e-6 * lengths[0]).sum())
    return (abs(hkl @ directions[rank:].T) < 1e-6).all(axis=1)


def as_shown(crystals: list[Crystal], lattices: list[Reflections]) -> list[Crystal]:
    """Return crystals, named only if their spots show the lattice of the phase.

    With others in the middle between them, that are of no second crystal, it is an
    ordered crystal, of which the candidate is the disordered one. If they are all of a
    coarser lattice, it may be the disordered one.

    Parameters
    ----------
    crystals : list of Crystal
        As they are judged.
    lattices : list of Reflections
        Of each candidate.
    """
    groups = [one.group for one in crystals]
    return [
        _as_shown(one, lattices[one.verdict.best].hkl, groups.count(one.group) == 1)  # type: ignore[index]
        if one.verdict.is_phase
        else one
        for one in crystals
    ]


def _as_shown(crystal: Crystal, hkl: np.ndarray, is_alone: bool) -> Crystal:
    """Return a crystal that is named, if its spots show it."""
    verdict, pattern = crystal.verdict, crystal.pattern
    match: Match = crystal.best  # type: ignore[assignment]
    explained = match.reflection >= 0
    if is_alone and has_spots_between(pattern[explained], pattern[~explained]):
        return replace(crystal, verdict=Verdict(NONE))
    if len(unshown(match, hkl)):
        return replace(crystal, verdict=replace(verdict, word=UNDECIDED, second=None))
    return crystal
